//! The icons, all of one family: Phosphor regular.
//!
//! Promises: every constant is one character that the icon font has (a test looks).
//! Does not know: what an icon stands for in a view.
//!
//! Draw one with [`icon`](super::icon) as its font, or within text: the text families fall back to
//! the icon font.

/// `arrow-bend-up-left`
pub const ARROW_BEND_UP_LEFT: &str = "\u{E024}";
/// `arrow-counter-clockwise`
pub const ARROW_COUNTER_CLOCKWISE: &str = "\u{E038}";
/// `arrow-down`
pub const ARROW_DOWN: &str = "\u{E03E}";
/// `arrow-elbow-down-right`
pub const ARROW_ELBOW_DOWN_RIGHT: &str = "\u{E046}";
/// `arrow-left`
pub const ARROW_LEFT: &str = "\u{E058}";
/// `arrow-right`
pub const ARROW_RIGHT: &str = "\u{E06C}";
/// `arrow-square-out`
pub const ARROW_SQUARE_OUT: &str = "\u{E5DE}";
/// `arrow-up`
pub const ARROW_UP: &str = "\u{E08E}";
/// `arrows-clockwise`
pub const ARROWS_CLOCKWISE: &str = "\u{E094}";
/// `arrows-in-line-horizontal`
pub const ARROWS_IN_LINE_HORIZONTAL: &str = "\u{E530}";
/// `arrows-out-line-horizontal`
pub const ARROWS_OUT_LINE_HORIZONTAL: &str = "\u{E534}";
/// `article`
pub const ARTICLE: &str = "\u{E0A8}";
/// `bank`
pub const BANK: &str = "\u{E0B4}";
/// `bell`
pub const BELL: &str = "\u{E0CE}";
/// `bell-ringing`
pub const BELL_RINGING: &str = "\u{E5E8}";
/// `binary`
pub const BINARY: &str = "\u{EE60}";
/// `book-open`
pub const BOOK_OPEN: &str = "\u{E0E6}";
/// `bookmark-simple`
pub const BOOKMARK_SIMPLE: &str = "\u{E0EA}";
/// `brackets-curly`
pub const BRACKETS_CURLY: &str = "\u{E860}";
/// `broadcast`
pub const BROADCAST: &str = "\u{E0F2}";
/// `bug`
pub const BUG: &str = "\u{E5F4}";
/// `calendar-blank`
pub const CALENDAR_BLANK: &str = "\u{E10A}";
/// `cards`
pub const CARDS: &str = "\u{E0F8}";
/// `caret-double-left`
pub const CARET_DOUBLE_LEFT: &str = "\u{E128}";
/// `caret-double-right`
pub const CARET_DOUBLE_RIGHT: &str = "\u{E12A}";
/// `caret-down`
pub const CARET_DOWN: &str = "\u{E136}";
/// `caret-left`
pub const CARET_LEFT: &str = "\u{E138}";
/// `caret-right`
pub const CARET_RIGHT: &str = "\u{E13A}";
/// `caret-up`
pub const CARET_UP: &str = "\u{E13C}";
/// `chart-bar`
pub const CHART_BAR: &str = "\u{E150}";
/// `chart-line`
pub const CHART_LINE: &str = "\u{E154}";
/// `chats-circle`
pub const CHATS_CIRCLE: &str = "\u{E17E}";
/// `check`
pub const CHECK: &str = "\u{E182}";
/// `check-circle`
pub const CHECK_CIRCLE: &str = "\u{E184}";
/// `circle`
pub const CIRCLE: &str = "\u{E18A}";
/// `circle-half`
pub const CIRCLE_HALF: &str = "\u{E18C}";
/// `circle-notch`
pub const CIRCLE_NOTCH: &str = "\u{EB44}";
/// `clipboard-text`
pub const CLIPBOARD_TEXT: &str = "\u{E198}";
/// `clock`
pub const CLOCK: &str = "\u{E19A}";
/// `clock-counter-clockwise`
pub const CLOCK_COUNTER_CLOCKWISE: &str = "\u{E1A0}";
/// `cloud`
pub const CLOUD: &str = "\u{E1AA}";
/// `code`
pub const CODE: &str = "\u{E1BC}";
/// `columns`
pub const COLUMNS: &str = "\u{E546}";
/// `command`
pub const COMMAND: &str = "\u{E1C4}";
/// `compass`
pub const COMPASS: &str = "\u{E1C8}";
/// `copy`
pub const COPY: &str = "\u{E1CA}";
/// `corners-out`
pub const CORNERS_OUT: &str = "\u{E1D0}";
/// `cpu`
pub const CPU: &str = "\u{E610}";
/// `credit-card`
pub const CREDIT_CARD: &str = "\u{E1D2}";
/// `crosshair`
pub const CROSSHAIR: &str = "\u{E1D6}";
/// `crosshair-simple`
pub const CROSSHAIR_SIMPLE: &str = "\u{E1D8}";
/// `cube`
pub const CUBE: &str = "\u{E1DA}";
/// `cube-focus`
pub const CUBE_FOCUS: &str = "\u{ED0A}";
/// `cursor-click`
pub const CURSOR_CLICK: &str = "\u{E7C8}";
/// `database`
pub const DATABASE: &str = "\u{E1DE}";
/// `diamond`
pub const DIAMOND: &str = "\u{E1EC}";
/// `dots-six-vertical`
pub const DOTS_SIX_VERTICAL: &str = "\u{EAE2}";
/// `dots-three`
pub const DOTS_THREE: &str = "\u{E1FE}";
/// `dots-three-vertical`
pub const DOTS_THREE_VERTICAL: &str = "\u{E208}";
/// `download-simple`
pub const DOWNLOAD_SIMPLE: &str = "\u{E20C}";
/// `equals`
pub const EQUALS: &str = "\u{E21C}";
/// `export`
pub const EXPORT: &str = "\u{EAF0}";
/// `eye`
pub const EYE: &str = "\u{E220}";
/// `eye-slash`
pub const EYE_SLASH: &str = "\u{E224}";
/// `fast-forward`
pub const FAST_FORWARD: &str = "\u{E6A6}";
/// `fast-forward-circle`
pub const FAST_FORWARD_CIRCLE: &str = "\u{E22C}";
/// `file-magnifying-glass`
pub const FILE_MAGNIFYING_GLASS: &str = "\u{E238}";
/// `file-text`
pub const FILE_TEXT: &str = "\u{E23A}";
/// `flag-banner`
pub const FLAG_BANNER: &str = "\u{E622}";
/// `flask`
pub const FLASK: &str = "\u{E79E}";
/// `folder-open`
pub const FOLDER_OPEN: &str = "\u{E256}";
/// `frame-corners`
pub const FRAME_CORNERS: &str = "\u{E626}";
/// `funnel`
pub const FUNNEL: &str = "\u{E266}";
/// `funnel-simple`
pub const FUNNEL_SIMPLE: &str = "\u{E268}";
/// `gear`
pub const GEAR: &str = "\u{E270}";
/// `git-branch`
pub const GIT_BRANCH: &str = "\u{E278}";
/// `git-commit`
pub const GIT_COMMIT: &str = "\u{E27A}";
/// `git-diff`
pub const GIT_DIFF: &str = "\u{E27C}";
/// `graph`
pub const GRAPH: &str = "\u{EB58}";
/// `hand-pointing`
pub const HAND_POINTING: &str = "\u{E29A}";
/// `hard-drives`
pub const HARD_DRIVES: &str = "\u{E2A0}";
/// `hash`
pub const HASH: &str = "\u{E2A2}";
/// `heart`
pub const HEART: &str = "\u{E2A8}";
/// `hexagon`
pub const HEXAGON: &str = "\u{E2AE}";
/// `hourglass`
pub const HOURGLASS: &str = "\u{E2B2}";
/// `house`
pub const HOUSE: &str = "\u{E2C2}";
/// `info`
pub const INFO: &str = "\u{E2CE}";
/// `intersect`
pub const INTERSECT: &str = "\u{E2D2}";
/// `key`
pub const KEY: &str = "\u{E2D6}";
/// `keyboard`
pub const KEYBOARD: &str = "\u{E2D8}";
/// `lifebuoy`
pub const LIFEBUOY: &str = "\u{E63A}";
/// `lightning`
pub const LIGHTNING: &str = "\u{E2DE}";
/// `link`
pub const LINK: &str = "\u{E2E2}";
/// `link-break`
pub const LINK_BREAK: &str = "\u{E2E4}";
/// `list`
pub const LIST: &str = "\u{E2F0}";
/// `lock-simple`
pub const LOCK_SIMPLE: &str = "\u{E308}";
/// `lock-simple-open`
pub const LOCK_SIMPLE_OPEN: &str = "\u{E30A}";
/// `magnifying-glass`
pub const MAGNIFYING_GLASS: &str = "\u{E30C}";
/// `magnifying-glass-minus`
pub const MAGNIFYING_GLASS_MINUS: &str = "\u{E30E}";
/// `magnifying-glass-plus`
pub const MAGNIFYING_GLASS_PLUS: &str = "\u{E310}";
/// `map-pin`
pub const MAP_PIN: &str = "\u{E316}";
/// `map-trifold`
pub const MAP_TRIFOLD: &str = "\u{E31A}";
/// `minus`
pub const MINUS: &str = "\u{E32A}";
/// `moon`
pub const MOON: &str = "\u{E330}";
/// `not-equals`
pub const NOT_EQUALS: &str = "\u{EDA6}";
/// `note-pencil`
pub const NOTE_PENCIL: &str = "\u{E34C}";
/// `package`
pub const PACKAGE: &str = "\u{E390}";
/// `paper-plane-tilt`
pub const PAPER_PLANE_TILT: &str = "\u{E398}";
/// `path`
pub const PATH: &str = "\u{E39C}";
/// `pause`
pub const PAUSE: &str = "\u{E39E}";
/// `pause-circle`
pub const PAUSE_CIRCLE: &str = "\u{E3A0}";
/// `pencil-simple`
pub const PENCIL_SIMPLE: &str = "\u{E3B4}";
/// `play`
pub const PLAY: &str = "\u{E3D0}";
/// `play-circle`
pub const PLAY_CIRCLE: &str = "\u{E3D2}";
/// `plug`
pub const PLUG: &str = "\u{E946}";
/// `plugs`
pub const PLUGS: &str = "\u{EB56}";
/// `plugs-connected`
pub const PLUGS_CONNECTED: &str = "\u{EB5A}";
/// `plus`
pub const PLUS: &str = "\u{E3D4}";
/// `power`
pub const POWER: &str = "\u{E3DA}";
/// `prohibit`
pub const PROHIBIT: &str = "\u{E3DE}";
/// `pulse`
pub const PULSE: &str = "\u{E000}";
/// `push-pin`
pub const PUSH_PIN: &str = "\u{E3E2}";
/// `question`
pub const QUESTION: &str = "\u{E3E8}";
/// `receipt`
pub const RECEIPT: &str = "\u{E3EC}";
/// `record`
pub const RECORD: &str = "\u{E3EE}";
/// `rewind`
pub const REWIND: &str = "\u{E6A8}";
/// `rocket-launch`
pub const ROCKET_LAUNCH: &str = "\u{E3FE}";
/// `rows`
pub const ROWS: &str = "\u{E5A2}";
/// `scales`
pub const SCALES: &str = "\u{E750}";
/// `scroll`
pub const SCROLL: &str = "\u{EB7A}";
/// `share-network`
pub const SHARE_NETWORK: &str = "\u{E408}";
/// `shield-check`
pub const SHIELD_CHECK: &str = "\u{E40C}";
/// `shield-warning`
pub const SHIELD_WARNING: &str = "\u{E412}";
/// `shopping-cart`
pub const SHOPPING_CART: &str = "\u{E41E}";
/// `sidebar-simple`
pub const SIDEBAR_SIMPLE: &str = "\u{EC24}";
/// `sign-out`
pub const SIGN_OUT: &str = "\u{E42A}";
/// `signpost`
pub const SIGNPOST: &str = "\u{E89C}";
/// `skip-back`
pub const SKIP_BACK: &str = "\u{E5A4}";
/// `skip-forward`
pub const SKIP_FORWARD: &str = "\u{E5A6}";
/// `skip-forward-circle`
pub const SKIP_FORWARD_CIRCLE: &str = "\u{E430}";
/// `sliders-horizontal`
pub const SLIDERS_HORIZONTAL: &str = "\u{E434}";
/// `sparkle`
pub const SPARKLE: &str = "\u{E6A2}";
/// `spinner-gap`
pub const SPINNER_GAP: &str = "\u{E66C}";
/// `square`
pub const SQUARE: &str = "\u{E45E}";
/// `square-split-horizontal`
pub const SQUARE_SPLIT_HORIZONTAL: &str = "\u{E870}";
/// `squares-four`
pub const SQUARES_FOUR: &str = "\u{E464}";
/// `stack`
pub const STACK: &str = "\u{E466}";
/// `star`
pub const STAR: &str = "\u{E46A}";
/// `stop`
pub const STOP: &str = "\u{E46C}";
/// `sun`
pub const SUN: &str = "\u{E472}";
/// `swap`
pub const SWAP: &str = "\u{E83C}";
/// `table`
pub const TABLE: &str = "\u{E476}";
/// `tag`
pub const TAG: &str = "\u{E478}";
/// `target`
pub const TARGET: &str = "\u{E47C}";
/// `terminal-window`
pub const TERMINAL_WINDOW: &str = "\u{EAE8}";
/// `test-tube`
pub const TEST_TUBE: &str = "\u{E7A0}";
/// `text-aa`
pub const TEXT_AA: &str = "\u{E6EE}";
/// `tilde`
pub const TILDE: &str = "\u{EDA8}";
/// `timer`
pub const TIMER: &str = "\u{E492}";
/// `trash`
pub const TRASH: &str = "\u{E4A6}";
/// `tree-structure`
pub const TREE_STRUCTURE: &str = "\u{E67C}";
/// `triangle`
pub const TRIANGLE: &str = "\u{E4B0}";
/// `truck`
pub const TRUCK: &str = "\u{E4B4}";
/// `upload-simple`
pub const UPLOAD_SIMPLE: &str = "\u{E4C0}";
/// `user`
pub const USER: &str = "\u{E4C2}";
/// `users-three`
pub const USERS_THREE: &str = "\u{E68E}";
/// `warning`
pub const WARNING: &str = "\u{E4E0}";
/// `warning-circle`
pub const WARNING_CIRCLE: &str = "\u{E4E2}";
/// `wrench`
pub const WRENCH: &str = "\u{E5D4}";
/// `x`
pub const X: &str = "\u{E4F6}";
/// `x-circle`
pub const X_CIRCLE: &str = "\u{E4F8}";

#[cfg(test)]
mod tests {
    use super::super::{apply, icon};

    #[test]
    fn the_icon_font_has_every_icon() {
        let ctx = egui::Context::default();
        apply(&ctx);
        let source = include_str!("icons.rs");
        let escapes = source.lines().filter_map(|line| line.split_once("\\u{")?.1.split_once('}'));
        let icons: Vec<char> = escapes
            .filter_map(|(code, _)| u32::from_str_radix(code, 16).ok().and_then(char::from_u32))
            .collect();
        assert!(icons.len() > 100, "only {} icons were found in the source", icons.len());
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for code in &icons {
                assert!(
                    ui.fonts_mut(|fonts| fonts.has_glyph(&icon(), *code)),
                    "no glyph for {code:?}"
                );
            }
        });
        output.textures_delta.clear();
    }
}

use std::collections::BTreeSet;

use super::*;

#[test]
fn no_two_commands_share_a_key_on_any_system() {
    for is_mac in [false, true] {
        let mut taken: Vec<(String, UiCommand)> = Vec::new();
        for command in UiCommand::ALL {
            for shortcut in command.shortcuts() {
                let keys = shortcut.format(&egui::ModifierNames::NAMES, is_mac);
                let other = taken.iter().find(|(other, _)| *other == keys);
                assert!(other.is_none(), "{keys} is both {command:?} and {other:?}");
                taken.push((keys, command));
            }
        }
    }
}

#[test]
fn every_command_is_listed_once_and_has_its_own_words() {
    let listed: BTreeSet<_> = UiCommand::ALL.into_iter().collect();
    assert_eq!(listed.len(), UiCommand::ALL.len());
    let texts: BTreeSet<_> = UiCommand::ALL.iter().map(|command| command.text()).collect();
    assert_eq!(texts.len(), UiCommand::ALL.len());
    for command in UiCommand::ALL {
        assert!(!command.tooltip().ends_with('.'), "a tooltip is no paragraph: {command:?}");
    }
}

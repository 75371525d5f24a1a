use super::*;

/// The example of the interface, with everything in it.
const WHOLE: &str = r#"
[connection.dev]
brokers = "localhost:9092"
registry = "http://localhost:8081"
production = false
properties = { "security.protocol" = "SASL_SSL", "sasl.password" = "${KAFKA_PASSWORD}", "socket.timeout.ms" = 5000 }

[connection.live]
brokers = "a:1,b:2"
production = true
properties = { "ssl.ca.location" = "certs/ca.pem" }

[entity.order]
topics = ["order-events", "shipment-events"]
id = "key"
type = "value:/type"
version = "value:/version"
time = "value:/occurredAt"
correlation = "header:correlation-id"
causation = "header:causation-id"
actor = "header:user"
preset = "none"

[entity.order.fold]
code = "order.js"

[entity.account]
topics = ["account-events"]
type = "schema"
fold = { builtin = "merge" }

[read_model.dashboard]
entity = "order"
fold = "dashboard.js"
group = "order-dashboard"
store = "postgres://localhost/shop"
query = "select status, total, updated_at from orders where order_id = $1"
fields = { "/status" = "status", "/total" = "total" }
ignore = ["updated_at"]
position = { topic = "order-events", partition = "src_partition", offset = "src_offset" }
dead_letters = ["order-events.DLT"]
isolation = "committed"

[read_model.search]
entity = "order"
store = "http://localhost:9200"
index = "orders"
id = "{entity}"

[read_model.cache]
entity = "account"
fold = "last"
store = "redis://localhost"
key = "account:{entity}"

[[upcast]]
type = "OrderCreated"
from = "1"
code = "order_created_v1.js"
"#;

/// Reads a text as the file `/shop/foldback.toml`.
fn parse(text: &str) -> Result<Config, ConfigError> {
    let permissions = Permissions::default();
    Config::parse(Path::new("/shop/foldback.toml"), text.to_owned(), permissions)
}

/// An environment with a password.
fn environment(name: &str) -> Option<String> {
    (name == "KAFKA_PASSWORD").then(|| "p=1".to_owned())
}

#[test]
fn everything_of_the_interface_is_read() {
    let config = parse(WHOLE).unwrap();
    let names: Vec<_> = config.connections().map(|saved| (saved.name, saved.production)).collect();
    assert_eq!(names, [("dev".into(), false), ("live".into(), true)]);
    let order = config.entity_of_topic("shipment-events").unwrap();
    assert_eq!(order.name, "order");
    assert_eq!(order.selectors.event_type.as_deref(), Some("value:/type"));
    assert_eq!(order.fold, Some(FoldConfig::Code("/shop/order.js".into())));
    let account = config.entity_of_topic("account-events").unwrap();
    assert_eq!(account.fold, Some(FoldConfig::Builtin("merge".to_owned())));
    assert_eq!(config.entity_of_topic("other"), None);
    let dashboard = config.read_model("dashboard").unwrap();
    assert_eq!(dashboard.fields["/total"], "total");
    assert_eq!(dashboard.position.as_ref().unwrap().offset, "src_offset");
    assert_eq!(dashboard.isolation, Some(crate::model::Isolation::Committed));
    assert_eq!(
        config.read_model("cache").unwrap().fold,
        Some(FoldConfig::Builtin("last".to_owned()))
    );
    assert_eq!(config.upcasts()[0].code, Path::new("/shop/order_created_v1.js"));
    assert_eq!(config.registry("dev").unwrap().as_deref(), Some("http://localhost:8081"));
    assert_eq!(config.registry("live").unwrap(), None);
}

#[test]
fn secrets_and_relative_paths_are_filled_in_when_a_connection_is_used() {
    let config = parse(WHOLE).unwrap();
    let dev = config.connection_in("dev", &environment).unwrap();
    assert_eq!((dev.name.as_str(), dev.brokers.as_str()), ("dev", "localhost:9092"));
    assert_eq!(dev.properties["sasl.password"], "p=1");
    assert_eq!(dev.properties["socket.timeout.ms"], "5000");
    let live = config.connection_in("live", &environment).unwrap();
    assert!(live.production, "live is production");
    assert_eq!(live.brokers, "a:1,b:2");
    assert_eq!(live.properties["ssl.ca.location"], "/shop/certs/ca.pem");
}

#[test]
fn a_secret_that_is_not_set_is_told_with_its_line() {
    let config = parse(WHOLE).unwrap();
    let error = config.connection_in("dev", &|_| None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/shop/foldback.toml:6:68: the environment variable `KAFKA_PASSWORD` is not set"
    );
    assert_eq!(error.hint().as_deref(), Some("set it: export KAFKA_PASSWORD=…"));
}

#[test]
fn a_name_that_is_not_in_the_file_is_told_with_those_that_are() {
    let config = parse(WHOLE).unwrap();
    let error = config.connection("prod").unwrap_err();
    assert_eq!(error.to_string(), "/shop/foldback.toml: there is no connection `prod`");
    assert_eq!(error.hint().as_deref(), Some("the file has: dev, live"));
    let error = parse("").unwrap().read_model("x").unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("the file has no read model"));
}

#[test]
fn every_fault_is_told_with_line_and_word() {
    let order = "[entity.order]\ntopics = [\"o\"]\n";
    let with_order = |more: &str| format!("{order}{more}");
    let cases = [
        ("[connection.dev]\nbrokres = \"a\"".to_owned(), "2:1: unknown field `brokres`"),
        ("[conection.dev]\nbrokers = \"a\"".to_owned(), "1:2: unknown field `conection`"),
        ("[connection.dev]\nproduction = true".to_owned(), "1:1: missing field `brokers`"),
        ("[connection.dev]\nbrokers = \"a:b\"".to_owned(), "2:11: expected a broker as host:port, got `a:b`"),
        ("[connection.dev]\nbrokers = 5".to_owned(), "2:11: invalid type: integer `5`, expected a string"),
        (
            "[connection.dev]\nbrokers = \"a\"\n[connection.dev.properties]\n\"sasl.passwort\" = \"x\"".to_owned(),
            "4:19: there is no property `sasl.passwort`",
        ),
        (
            "[connection.dev]\nbrokers = \"a\"\n[connection.dev.properties]\n\"security.protocol\" = \"tls\"".to_owned(),
            "4:23: `security.protocol` cannot have this value:",
        ),
        ("a = = 1".to_owned(), "1:5: "),
        (
            "[entity.order]\ntopics = [\"a\", \"b\\u0000\"]".to_owned(),
            "2:16: a topic's name is made of letters, digits, `.`, `_` and `-`, this one has '\\0'",
        ),
        ("[entity.order]\ntopics = []".to_owned(), "2:10: expected at least one topic"),
        (with_order("id = \"vlaue:/x\""), "3:6: expected a place in a record, got `vlaue:/x`"),
        (with_order("id = \"value:x\""), "3:6: expected a place in a record, got `value:x`"),
        (with_order("actor = \"schema\""), "3:9: expected a place in a record, got `schema`"),
        (with_order("preset = \"axon\""), "3:10: there is no preset `axon`"),
        (with_order("fold = { builtin = \"sum\" }"), "3:20: there is no built-in fold `sum`"),
        (with_order("fold = {}"), "3:8: expected either `code` or `builtin`, and not both"),
        (with_order("fold = { code = \"a\", builtin = \"last\" }"), "3:8: expected either `code` or `builtin`"),
        (
            with_order("[entity.bill]\ntopics = [\"b\", \"o\"]"),
            "4:16: the topic `o` belongs to the entity `order` already",
        ),
        (with_order("[read_model.d]\nentity = \"ordre\"\nstore = \"sqlite:x\""), "4:10: there is no entity `ordre`"),
        (with_order("[read_model.d]\nentity = \"order\"\nstore = \"sqlite:x\""), "5:9: a sqlite store needs `query`"),
        (with_order("[read_model.d]\nentity = \"order\"\nstore = \"sqlite://../x?mode=rw\"\nquery = \"q\""), "5:9: `../x` is no file of this workspace"),
        (with_order("[read_model.d]\nentity = \"order\"\nstore = \"oracle:x\""), "5:9: expected a store, got `oracle`"),
        (
            with_order("[read_model.d]\nentity = \"order\"\nstore = \"redis://x\"\nkey = \"k\"\nindex = \"i\""),
            "7:9: `index` means nothing to a redis store",
        ),
        (
            with_order(
                "[read_model.d]\nentity = \"order\"\nstore = \"redis://x\"\nkey = \"k\"\nisolation = \"dirty\"",
            ),
            "7:13: there is no isolation `dirty`",
        ),
        (
            with_order(
                "[read_model.d]\nentity = \"order\"\nstore = \"redis://x\"\nkey = \"k\"\nfields = { status = \"s\" }",
            ),
            "7:12: expected a path of the state such as /status, got `status`",
        ),
        ("[[upcast]]\ntype = \"A\"\nfrom = 1\ncode = \"x\"".to_owned(), "3:8: invalid type: integer `1`"),
    ];
    assert_refused(cases);
}

#[test]
fn what_no_workspace_may_ask_for_is_told_with_line_and_word() {
    let with_order = |more: &str| format!("[entity.order]\ntopics = [\"o\"]\n{more}");
    let cases = [
        (
            "[connection.dev]\nbrokers = \"${KAFKA_PASSWORD}.evil.example\"".to_owned(),
            "2:11: `bootstrap.servers` is no part of a login, and takes no value from outside",
        ),
        (
            "[connection.dev]\nbrokers = \"a\"\nregistry = \"http://evil.example/${KAFKA_PASSWORD}\"".to_owned(),
            "3:12: `registry` is no part of a login, and takes no value from outside",
        ),
        (
            "[connection.dev]\nbrokers = \"a\"\n[connection.dev.properties]\n\"client.id\" = \"${KAFKA_PASSWORD}\"".to_owned(),
            "4:15: `client.id` is no part of a login, and takes no value from outside",
        ),
        (
            "[connection.dev]\nbrokers = \"a\"\n[connection.dev.properties]\n\"ssl.engine.location\" = \"${KAFKA_X}\"".to_owned(),
            "4:25: `ssl.engine.location` is no part of a login",
        ),
        (
            "[connection.dev]\nbrokers = \"a\"\n[connection.dev.properties]\n\"plugin.library.paths\" = \"x.so\"".to_owned(),
            "4:26: `plugin.library.paths` is refused: it would load code into Foldback",
        ),
        (
            "[connection.dev]\nbrokers = \"a\"\n[connection.dev.properties]\n\"sasl.oauthbearer.metadata.authentication.type\" = \"azure_imds\"".to_owned(),
            "4:51: `sasl.oauthbearer.metadata.authentication.type` is refused: it would hand a token",
        ),
        (
            with_order("fold = { code = \"../../elsewhere.js\" }"),
            "3:17: `../../elsewhere.js` is no file of this workspace",
        ),
        ("[[upcast]]\ntype = \"A\"\nfrom = \"1\"\ncode = \"/x.js\"".to_owned(), "4:8: `/x.js` is no file of this workspace"),
    ];
    assert_refused(cases);
}

/// Makes sure that each text is refused with the fault that is expected for it, in one line.
fn assert_refused(cases: impl IntoIterator<Item = (String, &'static str)>) {
    for (text, expected) in cases {
        let Err(error) = parse(&text) else { panic!("this is accepted:\n{text}") };
        let words = error.to_string();
        let expected = format!("/shop/foldback.toml:{expected}");
        assert!(words.starts_with(&expected), "expected {expected}\n     got {words}\n{text}");
        assert!(!words.contains('\n'), "one line: {words}");
    }
}

#[test]
fn a_file_outside_and_a_variable_of_something_else_are_not_for_a_workspace() {
    let with = |property: &str, value: &str| {
        let head = "[connection.dev]\nbrokers = \"a\"\n[connection.dev.properties]";
        parse(&format!("{head}\n\"{property}\" = \"{value}\"")).unwrap()
    };
    let refusal = |config: &Config| {
        config.connection_in("dev", &|_| Some("leaked".to_owned())).unwrap_err().to_string()
    };
    let config = with("ssl.ca.location", "/proc/self/environ");
    let expected = "/shop/foldback.toml:4:21: `/proc/self/environ` is no file of this workspace";
    assert_eq!(refusal(&config), expected);
    let config = with("sasl.oauthbearer.assertion.file", "../../home/ann/.ssh/id_ed25519");
    assert!(refusal(&config).contains("is no file of this workspace"));
    let mut config = with("sasl.password", "${AWS_SECRET_ACCESS_KEY}");
    let error = config.connection_in("dev", &|_| panic!("it is not read")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/shop/foldback.toml:4:19: the environment variable `AWS_SECRET_ACCESS_KEY` is not handed to a workspace"
    );
    assert!(error.hint().unwrap().contains("--allow-env AWS_SECRET_ACCESS_KEY"));
    config.permissions.allow_env(["AWS_SECRET_ACCESS_KEY".to_owned()]);
    let settings = config.connection_in("dev", &|_| Some("mine".to_owned())).unwrap();
    assert_eq!(settings.properties["sasl.password"], "mine");
}

#[test]
fn the_nearest_file_above_is_found_within_the_repository_or_the_home() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    fs_err::create_dir_all(&deep).unwrap();
    let find = |start: &Path| Config::find(start, Permissions::default());
    let write = |folder: &Path, text: &str| fs_err::write(folder.join(CONFIG_FILE), text).unwrap();
    write(folder.path(), "[connection.dev]\nbrokers = \"a\"");
    assert!(find(&deep).unwrap().is_none(), "outside of both only the folder itself counts");
    assert!(find(folder.path()).unwrap().is_some());
    fs_err::create_dir(folder.path().join(".git")).unwrap();
    assert_eq!(find(&deep).unwrap().unwrap().path(), folder.path().join(CONFIG_FILE));
    write(&folder.path().join("a"), "oops");
    assert_eq!(find(&deep).unwrap_err().line, 1);
    fs_err::write(deep.join(".git"), "gitdir: elsewhere").unwrap();
    assert!(find(&deep).unwrap().is_none(), "a worktree's root ends the search");
    let searched = |start: &str, home: Option<&str>| {
        folders_to_search(Path::new(start), home.map(Path::new)).count()
    };
    assert_eq!(searched("/home/none/a/b", Some("/home/none")), 3);
    assert_eq!(searched("/none/a/b", Some("/home/none")), 1);
    assert_eq!(searched("/none/a/b", None), 1);
    let missing =
        Config::load(&folder.path().join("none.toml"), Permissions::default()).unwrap_err();
    let words = missing.to_string();
    assert!(words.ends_with("none.toml: cannot read the file: entity not found"), "{words}");
}

#[test]
fn what_nothing_carries_out_yet_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(CONFIG_FILE);
    let dev = "[connection.dev]\nbrokers = \"a\"\n";
    let order = "[entity.order]\ntopics = [\"o\"]\n";
    let model = "[read_model.row]\nentity = \"order\"\nstore = \"redis://x\"\nkey = \"k\"\n";
    let upcast = "[[upcast]]\ntype = \"A\"\nfrom = \"1\"\ncode = \"a.js\"\n";
    for (text, expected) in [
        (format!("{dev}registry = \"http://r\"\n{upcast}"), "3:12: `registry` has no effect yet"),
        (format!("{order}\n{upcast}"), "4:1: `[[upcast]]` has no effect yet"),
    ] {
        fs_err::write(&file, &text).unwrap();
        let told = Config::load(&file, Permissions::default()).unwrap_err().to_string();
        assert!(told.contains(&format!("{CONFIG_FILE}:{expected}")), "{told}\n{text}");
    }
    // No answer is given on read models yet, so none is wrong.
    fs_err::write(&file, format!("{dev}{order}{model}")).unwrap();
    assert!(Config::load(&file, Permissions::default()).is_ok());
}

//! Rows of real stores: PostgreSQL, MariaDB and Redis.
//!
//! Promises: what a store holds is compared with what its own client put there.
//! Does not know: what a row should be.

mod support;

use std::path::Path;

use foldback::model::EntityId;
use foldback::read_model::stores::{self, Finder, Store, StoreAddress, StoreError};
use foldback::read_model::{Held, Row};

use support::postgres::Postgres;
use support::stores::StoreServer;

/// A store at this address.
fn open(address: &str, finder: &Finder) -> Result<Box<dyn Store>, StoreError> {
    stores::open(&StoreAddress::parse(address)?, finder, Path::new("."))
}

/// A store that is asked by a query.
fn by_query(address: &str, query: &str) -> Box<dyn Store> {
    open(address, &Finder::Query(query.to_owned())).expect("the store is there")
}

/// The rows of these entities.
fn rows(store: &mut dyn Store, entities: &[&str]) -> Vec<Option<Row>> {
    let entities: Vec<EntityId> = entities.iter().map(EntityId::new).collect();
    store.rows(&entities).expect("rows")
}

/// A row as JSON text.
fn json(row: Option<&Row>) -> String {
    row.expect("a row").to_value().to_json()
}

#[test]
fn values_of_postgres_are_exact() {
    let postgres = Postgres::shared();
    postgres.execute(
        "create type mood as enum ('calm', 'wild');
         create table kinds (id bigint primary key, b boolean, i2 smallint, i8 bigint, f4 real, f8 double precision,
            n numeric, n2 numeric(12,2), t text, c char(4), by bytea, u uuid, j json, jb jsonb, ts timestamp,
            tz timestamptz, d date, a text[], na numeric[], e mood, nothing text);
         insert into kinds values (9007199254740993, true, -7, 9223372036854775807, 0.1, 0.1,
            123456789012345678901234567890.123456789, 10.5, 'grün', 'ab', '\\x00ff', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
            '{\"b\":1.10,\"a\":[1]}', '{\"b\":1.10,\"a\":[1]}', '2026-01-01 00:00:00.123456',
            '2026-01-01 01:00:00+01', '2026-02-28', '{x,NULL,\"y z\"}', '{1.50,2}', 'wild', null)",
    );
    let mut store = by_query(&postgres.url(), "select * from kinds where id = $1");
    let found = rows(store.as_mut(), &["9007199254740993", "1"]);
    let expected = concat!(
        r#"{"id":9007199254740993,"b":true,"i2":-7,"i8":9223372036854775807,"f4":0.1,"f8":0.1,"#,
        r#""n":123456789012345678901234567890.123456789,"n2":10.50,"t":"grün","c":"ab  ","by":{"base64":"AP8="},"#,
        r#""u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","j":{"b":1.10,"a":[1]},"jb":{"a":[1],"b":1.10},"#,
        r#""ts":"2026-01-01T00:00:00.123456","tz":"2026-01-01T00:00:00.000000Z","d":"2026-02-28","#,
        r#""a":["x",null,"y z"],"na":[1.50,2],"e":"wild","nothing":null}"#,
    );
    assert_eq!(json(found[0].as_ref()), expected);
    assert_eq!(found[1], None);
    let held =
        |column: &str| found[0].as_ref().and_then(|row| row.cell(column)).map(|cell| cell.held);
    assert_eq!(
        (held("n2"), held("u"), held("c")),
        (Some(Held::Decimal), Some(Held::Uuid), Some(Held::Padded))
    );
    let wrong = store.rows(&[EntityId::new("o-1")]).expect_err("it is compared with a bigint");
    assert!(matches!(wrong, StoreError::Entity { .. }), "{wrong}");
    postgres.execute("create table points (p point); insert into points values ('(1,2)')");
    let mut unread = by_query(&postgres.url(), "select p from points where 'x' = $1");
    let wrong = unread.rows(&[EntityId::new("x")]).expect_err("a point is not read");
    assert!(wrong.to_string().contains("`p` as POINT"), "{wrong}");
}

#[test]
fn a_batch_of_postgres_is_of_one_moment_and_cannot_write() {
    let postgres = Postgres::shared();
    postgres.execute(
        "create table moments (id text, n int); insert into moments values ('a', 1), ('b', 1)",
    );
    let mut writing = by_query(&postgres.url(), "select pg_advisory_lock(1) where 'a' = $1");
    assert!(writing.rows(&[EntityId::new("b")]).is_ok());
    postgres.execute(
        "create function f() returns int language sql as 'update moments set n = 2 returning n'",
    );
    let mut writing = by_query(&postgres.url(), "select f() as n where 'a' = $1");
    let refused = writing.rows(&[EntityId::new("a")]).expect_err("a function that writes");
    assert!(refused.to_string().contains("read-only transaction"), "{refused}");
    let mut store = by_query(&postgres.url(), "select n from moments where id = $1");
    assert_eq!(json(rows(store.as_mut(), &["a"])[0].as_ref()), r#"{"n":1}"#);
}

#[test]
fn values_of_mariadb_are_exact_and_only_read() {
    let mariadb = StoreServer::mariadb();
    mariadb.mariadb_statements(
        "use shop; create table kinds (id varchar(20) primary key, b boolean, i bigint, u bigint unsigned, n decimal(30,9),
            f float, d double, t text, c char(4), by1 varbinary(4), j json, dt datetime(6), ts timestamp(3) null, da date,
            e enum('calm','wild'), nothing int);
         set time_zone = '+00:00';
         insert into kinds values ('o-1', true, -9007199254740993, 18446744073709551615, 123456789012345678901.500000000,
            0.1, 0.1, 'grün', 'ab', x'00ff', '{\"a\":1.10}', '2026-01-01 00:00:00.123456', '2026-01-01 00:00:00.5',
            '2026-02-28', 'wild', null)",
    );
    let address = format!("mysql://reader:pass@127.0.0.1:{}/shop", mariadb.port);
    let columns = "b, i, u, n, f, d, c, by1, dt, ts, da, e, nothing";
    let query = format!("select {columns} from kinds where id = $1 and '$1' <> $1");
    let mut store = by_query(&address, &query);
    let found = rows(store.as_mut(), &["o-1", "o-2"]);
    let expected = concat!(
        r#"{"b":1,"i":-9007199254740993,"u":18446744073709551615,"n":123456789012345678901.500000000,"#,
        r#""f":0.1,"d":0.1,"c":"ab","by1":{"base64":"AP8="},"dt":"2026-01-01T00:00:00.123456","#,
        r#""ts":"2026-01-01T00:00:00.500000Z","da":"2026-02-28","e":"wild","nothing":null}"#,
    );
    assert_eq!(json(found[0].as_ref()), expected);
    assert_eq!(found[1], None);
    let log = mariadb.mariadb_log();
    assert!(
        log.to_lowercase().contains("start transaction with consistent snapshot, read only"),
        "{log}"
    );
    let wrong = format!("mysql://reader:wrong-secret@127.0.0.1:{}/shop", mariadb.port);
    let refused =
        open(&wrong, &Finder::Query("select 1".to_owned())).expect_err("the password is wrong");
    assert!(refused.is_no_access() && !refused.to_string().contains("wrong-secret"), "{refused}");
    let mut missing = by_query(&address, "select x from missing_table");
    let missing = missing.rows(&[EntityId::new("x")]).expect_err("no such table");
    assert!(missing.to_string().contains("missing_table"), "{missing}");
}

#[test]
fn strings_and_hashes_of_redis_are_rows() {
    let redis = StoreServer::redis("pass");
    redis.redis_commands(
        "pass",
        "SET order:o-1 '{\"status\":\"PAID\",\"total\":10.50}'\nHSET order:o-2 status NEW total 7.0\nZADD order:o-3 1 x\n",
    );
    let address = format!("redis://:pass@127.0.0.1:{}", redis.port);
    let key = Finder::Key("order:{entity}".to_owned());
    let mut store = open(&address, &key).expect("redis is there");
    assert!(store.is_document());
    let found = rows(store.as_mut(), &["o-1", "none", "o-2"]);
    assert_eq!(json(found[0].as_ref()), r#"{"status":"PAID","total":10.50}"#);
    assert_eq!(found[1], None);
    assert_eq!(json(found[2].as_ref()), r#"{"status":"NEW","total":"7.0"}"#);
    let other = store.rows(&[EntityId::new("o-3")]).expect_err("a sorted set is no row");
    assert!(other.to_string().contains("zset"), "{other}");
    let wrong = format!("redis://:wrong-secret@127.0.0.1:{}", redis.port);
    let refused = open(&wrong, &key).expect_err("the password is wrong");
    assert!(refused.is_no_access() && !refused.to_string().contains("wrong-secret"), "{refused}");
    let statistics = redis.redis_commands("pass", "INFO commandstats\n");
    let sent =
        statistics.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split(':').next());
    let own = ["set", "hset", "zadd", "info", "auth", "command|docs"];
    let reads =
        ["type", "get", "hgetall", "multi", "exec", "client|setinfo", "ping", "hello", "select"];
    for command in sent.filter(|command| !own.contains(command)) {
        assert!(reads.contains(&command), "{command} was sent: {statistics}");
    }
}

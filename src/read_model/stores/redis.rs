//! Rows in Redis: strings that hold JSON, and hashes.
//!
//! Promises: only commands that read are sent; the rows of a batch are fetched in one exchange,
//! which a standalone server carries out as one.
//! Does not know: other types of Redis.

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{Client, ErrorKind, FromRedisValue as _, Pipeline, RedisError, ServerErrorKind};
use tokio::runtime::Runtime;

use super::address::StoreAddress;
use super::error::StoreError;
use super::sql::{runtime, within};
use super::{CONNECT_LIMIT, QUERY_LIMIT, ROW_BYTES_MAX, Store};
use crate::decode::json;
use crate::model::{EntityId, Value};
use crate::read_model::row::{Cell, Held, Row};

/// What stands for the entity in a key.
const ENTITY: &[u8] = b"{entity}";

/// The column of a string that holds no JSON object.
const WHOLE: &str = "value";

/// A server or a cluster of Redis.
pub(super) struct RedisStore {
    /// What is shown of its address.
    store: String,
    /// The key of a row.
    key: String,
    /// What runs requests.
    runtime: Runtime,
    /// The connection.
    connection: Link,
}

/// A connection.
enum Link {
    /// To one server.
    Server(MultiplexedConnection),
    /// To a cluster.
    Cluster(ClusterConnection),
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").field("store", &self.store).finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Connects to a server; to its cluster, where it belongs to one.
    pub(super) fn open(address: &StoreAddress, key: &str) -> Result<Self, StoreError> {
        let (store, key) = (address.to_string(), key.to_owned());
        let runtime = runtime(&store)?;
        let failed = |error: RedisError| failure(&store, &error);
        let connecting = async {
            let client = Client::open(address.secret_text()).map_err(failed)?;
            let mut server = client.get_multiplexed_async_connection().await.map_err(failed)?;
            // Any key will do: a cluster says where it is, a server what it is.
            let asked = redis::cmd("TYPE").arg(&key).query_async::<String>(&mut server).await;
            match asked {
                Err(error) if error.is_cluster_error() => {
                    let cluster = ClusterClient::new([address.secret_text()]).map_err(failed)?;
                    Ok(Link::Cluster(cluster.get_async_connection().await.map_err(failed)?))
                }
                Err(error) => Err(failed(error)),
                Ok(_) => Ok(Link::Server(server)),
            }
        };
        let connection = runtime.block_on(within(&store, CONNECT_LIMIT, connecting))?;
        Ok(Self { store, key, runtime, connection })
    }
}

impl Store for RedisStore {
    fn is_document(&self) -> bool {
        true
    }

    fn rows(&mut self, entities: &[EntityId]) -> Result<Vec<Option<Row>>, StoreError> {
        let keys: Vec<Vec<u8>> = entities.iter().map(|entity| key_of(&self.key, entity)).collect();
        let Self { store, runtime, connection, .. } = self;
        let read = async {
            match connection {
                Link::Server(server) => read(server, &keys, true).await,
                Link::Cluster(cluster) => read(cluster, &keys, false).await,
            }
            .map_err(|error| failure(store, &error))
        };
        let found = runtime.block_on(within(store, QUERY_LIMIT, read))?;
        let rows = entities.iter().zip(found).map(|(entity, found)| row_of(store, entity, found));
        rows.collect()
    }
}

/// The key of an entity's row.
fn key_of(key: &str, entity: &EntityId) -> Vec<u8> {
    let mut filled = Vec::with_capacity(key.len() + entity.as_bytes().len());
    let mut rest = key.as_bytes();
    while let Some(at) = rest.windows(ENTITY.len()).position(|part| part == ENTITY) {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(entity.as_bytes());
        rest = &rest[at + ENTITY.len()..];
    }
    filled.extend_from_slice(rest);
    filled
}

/// What Redis holds under a key.
#[derive(Debug)]
enum Found {
    /// Nothing.
    Nothing,
    /// A string.
    Text(Vec<u8>),
    /// A hash.
    Hash(Vec<(Vec<u8>, Vec<u8>)>),
    /// A type that holds no row.
    Other(String),
}

/// What is held under these keys: first what each is, then the values.
async fn read(
    connection: &mut impl ConnectionLike,
    keys: &[Vec<u8>],
    at_once: bool,
) -> Result<Vec<Found>, RedisError> {
    let pipeline = || {
        let mut pipeline = Pipeline::with_capacity(keys.len());
        if at_once {
            pipeline.atomic();
        }
        pipeline
    };
    let mut asked = pipeline();
    for key in keys {
        asked.cmd("TYPE").arg(key);
    }
    let types: Vec<String> = asked.query_async(connection).await?;
    let mut asked = pipeline();
    for (key, kind) in keys.iter().zip(&types) {
        match &**kind {
            "string" => {
                asked.cmd("GET").arg(key);
            }
            "hash" => {
                asked.cmd("HGETALL").arg(key);
            }
            _ => {}
        }
    }
    let wanted = types.iter().any(|kind| matches!(&**kind, "string" | "hash"));
    let values: Vec<redis::Value> =
        if wanted { asked.query_async(connection).await? } else { Vec::new() };
    let mut values = values.into_iter();
    let mut found = Vec::with_capacity(keys.len());
    for kind in types {
        found.push(match &*kind {
            "none" => Found::Nothing,
            "string" => match values.next() {
                // It went away meanwhile.
                None | Some(redis::Value::Nil) => Found::Nothing,
                Some(value) => Found::Text(Vec::from_redis_value(value)?),
            },
            "hash" => {
                let fields = Vec::from_redis_value(values.next().unwrap_or_default())?;
                if fields.is_empty() { Found::Nothing } else { Found::Hash(fields) }
            }
            _ => Found::Other(kind),
        });
    }
    Ok(found)
}

/// The row of what was found.
fn row_of(store: &str, entity: &EntityId, found: Found) -> Result<Option<Row>, StoreError> {
    let check = |bytes: usize| {
        let (store, entity) = (store.to_owned(), entity.to_string());
        let too_large = StoreError::TooLarge { store, entity, mebibytes: ROW_BYTES_MAX >> 20 };
        if bytes > ROW_BYTES_MAX { Err(too_large) } else { Ok(()) }
    };
    match found {
        Found::Nothing => Ok(None),
        Found::Text(bytes) => {
            check(bytes.len())?;
            Ok(Some(match json::parse(&bytes).map(|parsed| parsed.value) {
                Ok(document @ Value::Object(_)) => Row::of_document(&document),
                _ => Row::new([(WHOLE, text(&bytes))]),
            }))
        }
        Found::Hash(fields) => {
            check(fields.iter().map(|(name, value)| name.len() + value.len()).sum())?;
            let name = |bytes: &[u8]| match std::str::from_utf8(bytes) {
                Ok(name) => Ok(name.to_owned()),
                Err(_no_text) => Err(StoreError::Type {
                    store: store.to_owned(),
                    column: format!("{bytes:?}"),
                    type_name: "a field whose name is no text".to_owned(),
                }),
            };
            let cells = fields.iter().map(|(field, value)| Ok((name(field)?, text(value))));
            Ok(Some(Row::new(cells.collect::<Result<Vec<_>, _>>()?)))
        }
        Found::Other(type_name) => {
            Err(StoreError::Type { store: store.to_owned(), column: entity.to_string(), type_name })
        }
    }
}

/// A value of a store that holds texts alone.
fn text(bytes: &[u8]) -> Cell {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cell::new(Value::string(text), Held::Text),
        Err(_no_text) => Cell::bytes(bytes),
    }
}

/// What went wrong.
fn failure(store: &str, error: &RedisError) -> StoreError {
    let (store, reason) = (store.to_owned(), error.to_string());
    let is_refused = matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
    match error.kind() {
        ErrorKind::AuthenticationFailed => StoreError::Refused { store, reason },
        _ if is_refused => StoreError::Refused { store, reason },
        ErrorKind::Server(ServerErrorKind::ResponseError) => StoreError::Query { store, reason },
        _ => StoreError::Unreachable { store, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entity_is_put_into_the_key_wherever_it_stands() {
        let key = key_of("order:{entity}:{entity}", &EntityId::new("o-1"));
        assert_eq!(key, b"order:o-1:o-1");
        assert_eq!(key_of("{entity}", &EntityId::new([0xff])), [0xff]);
    }

    #[test]
    fn strings_are_documents_and_hashes_are_rows() {
        let row = |found: Found| {
            let row = row_of("r", &EntityId::new("o"), found).unwrap();
            row.map(|row| row.to_value().to_json())
        };
        let document = br#"{"total":1.10,"lines":["a"]}"#.to_vec();
        assert_eq!(row(Found::Text(document)).unwrap(), r#"{"total":1.10,"lines":["a"]}"#);
        assert_eq!(row(Found::Text(b"7".to_vec())).unwrap(), r#"{"value":"7"}"#);
        let hash = vec![(b"total".to_vec(), b"1.10".to_vec()), (b"b".to_vec(), vec![0xff])];
        let expected = r#"{"total":"1.10","b":{"base64":"/w=="}}"#;
        assert_eq!(row(Found::Hash(hash)).unwrap(), expected);
        assert_eq!(row(Found::Nothing), None);
        let other = row_of("r", &EntityId::new("o"), Found::Other("zset".to_owned()));
        assert!(other.is_err(), "a sorted set is no row");
    }
}

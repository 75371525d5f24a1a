//! Rows in Elasticsearch and OpenSearch: documents by their ids.
//!
//! Promises: the only request is `_mget`; numbers of documents keep their digits.
//! Does not know: queries of those stores.

use reqwest::{Client, StatusCode, Url};
use serde_json::json;
use tokio::runtime::Runtime;

use super::address::StoreAddress;
use super::error::StoreError;
use super::sql::{runtime, within};
use super::{CONNECT_LIMIT, QUERY_LIMIT, ROW_BYTES_MAX, Store};
use crate::decode::json as decode;
use crate::model::{EntityId, Value};
use crate::read_model::row::Row;

/// What stands for the entity in the id of a document.
const ENTITY: &str = "{entity}";

/// What all documents of one request may take, in bytes.
const ANSWER_BYTES_MAX: usize = 4 * ROW_BYTES_MAX;

/// How many documents are asked for in one request.
const DOCUMENTS: usize = 500;

/// How many characters of an answer that is an error are told.
const REASON_CHARS: usize = 300;

/// An index of Elasticsearch or OpenSearch.
#[derive(Debug)]
pub(super) struct ElasticStore {
    /// What is shown of its address.
    store: String,
    /// Where documents are asked for; with what logs in.
    url: Url,
    /// The id of a document.
    id: String,
    /// What runs requests.
    runtime: Runtime,
    /// What sends them.
    client: Client,
}

impl ElasticStore {
    /// Opens an index. Nothing is sent yet.
    pub(super) fn open(address: &StoreAddress, index: &str, id: &str) -> Result<Self, StoreError> {
        let store = address.to_string();
        let unreachable = |reason: String| StoreError::Unreachable { store: store.clone(), reason };
        let mut url =
            Url::parse(address.secret_text()).map_err(|error| unreachable(error.to_string()))?;
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend([index, "_mget"]);
            }
            Err(()) => return Err(unreachable("it is no address of a server".to_owned())),
        }
        // It is there already where somebody else has asked for it.
        let provider = rustls::crypto::ring::default_provider().install_default();
        tracing::debug!(installed = provider.is_ok(), "the provider of TLS");
        let builder = Client::builder().connect_timeout(CONNECT_LIMIT).timeout(QUERY_LIMIT);
        let client = builder.build().map_err(|error| unreachable(words(&error)))?;
        let runtime = runtime(&store)?;
        Ok(Self { id: id.to_owned(), url, runtime, client, store })
    }

    /// The documents with these ids, in their order.
    fn documents(&self, ids: &[String]) -> Result<Vec<Option<Row>>, StoreError> {
        let store = &self.store;
        let unreachable = |error: &reqwest::Error| StoreError::Unreachable {
            store: store.clone(),
            reason: words(error),
        };
        let asking = async {
            let request = self.client.post(self.url.clone()).json(&json!({ "ids": ids }));
            let mut answer = request.send().await.map_err(|error| unreachable(&error))?;
            let status = answer.status();
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(|error| unreachable(&error))? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > ANSWER_BYTES_MAX {
                    let (store, entity) = (store.clone(), ids.first().cloned().unwrap_or_default());
                    let mebibytes = ANSWER_BYTES_MAX >> 20;
                    return Err(StoreError::TooLarge { store, entity, mebibytes });
                }
            }
            Ok((status, bytes))
        };
        let (status, bytes) = self.runtime.block_on(within(store, QUERY_LIMIT, asking))?;
        let answer = decode::parse(&bytes).map(|parsed| parsed.value);
        if !status.is_success() {
            return Err(refusal(store, status, answer.as_ref().ok()));
        }
        let query = |reason: String| StoreError::Query { store: store.clone(), reason };
        let answer = answer.map_err(|_error| query("its answer is no JSON".to_owned()))?;
        let Some(Value::Array(documents)) = answer.get("docs") else {
            return Err(query("its answer has no documents".to_owned()));
        };
        if documents.len() != ids.len() {
            return Err(query("its answer has other documents than were asked for".to_owned()));
        }
        let row = |document: &Value| {
            if let Some(error) = document.get("error") {
                return Err(query(reason_in(error)));
            }
            let is_found = document.get("found") == Some(&Value::Bool(true));
            Ok(document.get("_source").filter(|_| is_found).map(Row::of_document))
        };
        documents.iter().map(row).collect()
    }
}

impl Store for ElasticStore {
    fn is_document(&self) -> bool {
        true
    }

    fn rows(&mut self, entities: &[EntityId]) -> Result<Vec<Option<Row>>, StoreError> {
        let id = |entity: &EntityId| self.id.replace(ENTITY, &entity.to_string());
        let ids: Vec<String> = entities.iter().map(id).collect();
        let parts = ids.chunks(DOCUMENTS).map(|part| self.documents(part));
        Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

/// What a server that refuses says.
fn refusal(store: &str, status: StatusCode, answer: Option<&Value>) -> StoreError {
    let said = answer.and_then(|answer| answer.get("error")).map(reason_in);
    let reason = said.unwrap_or_else(|| status.to_string());
    let store = store.to_owned();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => StoreError::Refused { store, reason },
        status if status.is_server_error() => StoreError::Unreachable { store, reason },
        _ => StoreError::Query { store, reason },
    }
}

/// The words of an error.
fn reason_in(error: &Value) -> String {
    let reason = error.get("reason").and_then(Value::as_str).map(str::to_owned);
    reason.unwrap_or_else(|| error.to_json()).chars().take(REASON_CHARS).collect()
}

/// The words of an error without the address, which may have a password in it.
fn words(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        words.push(cause.to_string());
        source = cause.source();
    }
    match words.last() {
        Some(cause) => cause.clone(),
        None if error.is_timeout() => "it did not answer in time".to_owned(),
        None => "the request failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_refusal_are_told() {
        let answer =
            r#"{"error":{"type":"index_not_found_exception","reason":"no such index [x]"}}"#;
        let answer = decode::parse(answer.as_bytes()).unwrap().value;
        let refused = refusal("http://h", StatusCode::NOT_FOUND, Some(&answer));
        assert_eq!(refused.to_string(), "the query of http://h fails: no such index [x]");
        let denied = refusal("http://h", StatusCode::FORBIDDEN, None);
        assert!(denied.is_no_access(), "{denied}");
    }

    #[test]
    fn a_server_that_is_not_there_is_told_without_its_password() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("http://ann:secret@127.0.0.1:{port}");
        let address = StoreAddress::parse(&address).unwrap();
        let mut store = ElasticStore::open(&address, "orders", "{entity}").unwrap();
        let error = store.rows(&[EntityId::new("o-1")]).unwrap_err();
        assert!(error.is_no_access() && !error.to_string().contains("secret"), "{error}");
    }
}

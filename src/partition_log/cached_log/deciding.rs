//! Keeps with a topic what was decided of it, so that what is appended later does not change it.
//!
//! Promises: what was decided first stays as long as it is the same topic, also for other
//! processes; only whoever decides anew changes it.
//! Does not know: what is decided, and what it means.

use std::sync::Arc;

use super::CachedLog;
use crate::partition_log::cache::CacheError;
use crate::partition_log::source::SourceError;

impl CachedLog {
    /// What was decided of a topic; `None` where nothing was, or nothing is kept.
    ///
    /// # Errors
    /// When the topic cannot be asked which one it is.
    pub fn decided(&self, topic: &Arc<str>) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(kept) = self.topic_now(topic)? else { return Ok(None) };
        Ok(self.told(kept.decided()).flatten())
    }

    /// Keeps what was decided of a topic, unless it was decided before and is not decided anew.
    /// Says what is kept now; `None` where nothing can be kept.
    ///
    /// # Errors
    /// When the topic cannot be asked which one it is.
    pub fn decide(
        &self,
        topic: &Arc<str>,
        decided: &[u8],
        anew: bool,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(kept) = self.topic_now(topic)? else { return Ok(None) };
        Ok(self.told(kept.decide(decided, anew)))
    }

    /// The result of a look into the cache; what went wrong is told.
    fn told<T>(&self, result: Result<T, CacheError>) -> Option<T> {
        result.inspect_err(|problem| self.note(problem)).ok()
    }
}

//! What the navigator remembers between frames.
//!
//! Promises: the topics that pass the filter are found anew only when list or filter change.
//! Does not know: how they are drawn.

use std::sync::Arc;

use crate::gui::views::projections::ProjectionsState;
use crate::workspace::TopicReport;

/// The navigator's state.
#[derive(Debug, Default)]
pub(crate) struct NavigatorState {
    /// Whether it takes the place of the tabs in a narrow window.
    pub(crate) over: bool,
    /// What topics' names must contain.
    pub(super) topic_filter: String,
    /// What groups' names must contain.
    pub(super) group_filter: String,
    /// What entities' ids must contain, as it was sent last or is being typed.
    pub(super) entity_search: String,
    /// The topic whose entities are listed, when none is in front.
    pub(super) entity_topic: Option<Arc<str>>,
    /// The projections.
    pub(super) projections: ProjectionsState,
    /// The topics that pass the filter.
    pub(super) passing: PassingTopics,
    /// Whether the filter wants the focus.
    pub(super) focus_wanted: bool,
}

impl NavigatorState {
    /// Puts the focus on the filter in the next frame.
    pub(crate) fn focus_filter(&mut self) {
        self.focus_wanted = true;
    }
}

/// The topics that pass the filter, found anew only when list or filter change.
#[derive(Debug, Default)]
pub(super) struct PassingTopics {
    /// The list they were found in.
    list: Option<Arc<[TopicReport]>>,
    /// The filter they pass.
    filter: String,
    /// Whether internal ones are among them.
    internal: bool,
    /// Their numbers in the list.
    indexes: Vec<usize>,
}

impl PassingTopics {
    /// The numbers of the topics that pass this filter.
    pub(super) fn find(
        &mut self,
        list: &Arc<[TopicReport]>,
        filter: &str,
        internal: bool,
    ) -> &[usize] {
        let same_list = self.list.as_ref().is_some_and(|before| Arc::ptr_eq(before, list));
        if !(same_list && self.filter == filter && self.internal == internal) {
            let lower = filter.to_lowercase();
            self.indexes = list
                .iter()
                .enumerate()
                .filter(|(_, topic)| internal || !topic.internal)
                .filter(|(_, topic)| contains_ignoring_case(&topic.name, &lower))
                .map(|(index, _)| index)
                .collect();
            self.list = Some(Arc::clone(list));
            self.filter = filter.to_owned();
            self.internal = internal;
        }
        &self.indexes
    }
}

/// Whether a text contains another one that is in lower case already.
pub(super) fn contains_ignoring_case(text: &str, lower: &str) -> bool {
    lower.is_empty() || text.to_lowercase().contains(lower)
}

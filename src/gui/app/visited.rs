//! Where the user was: back and forward as in a browser.
//!
//! Promises: pure; going somewhere new forgets the way forward; the same place twice in a row is
//! one.
//! Does not know: what a place is.

/// How many places are remembered.
const PLACES_MAX: usize = 100;

/// The places, and which of them the user is at.
#[derive(Clone, Debug)]
pub(crate) struct Visited<P> {
    /// The places before, the last one last.
    before: Vec<P>,
    /// Where the user is.
    here: Option<P>,
    /// The places after, the next one last.
    after: Vec<P>,
}

impl<P> Default for Visited<P> {
    fn default() -> Self {
        Self { before: Vec::new(), here: None, after: Vec::new() }
    }
}

impl<P: Clone + PartialEq> Visited<P> {
    /// The user is here now.
    pub(crate) fn arrive(&mut self, place: &P) {
        if self.here.as_ref() == Some(place) {
            return;
        }
        if self.before.len() == PLACES_MAX {
            self.before.remove(0);
        }
        self.before.extend(self.here.replace(place.clone()));
        self.after.clear();
    }

    /// Goes one place back, and says where that is.
    pub(crate) fn back(&mut self) -> Option<P> {
        Self::go(&mut self.before, &mut self.here, &mut self.after)
    }

    /// Goes one place forward, and says where that is.
    pub(crate) fn forward(&mut self) -> Option<P> {
        Self::go(&mut self.after, &mut self.here, &mut self.before)
    }

    /// Goes to the last of these places; where the user was is the last of those.
    fn go(from: &mut Vec<P>, here: &mut Option<P>, to: &mut Vec<P>) -> Option<P> {
        let place = from.pop()?;
        to.extend(here.replace(place.clone()));
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_the_way_that_was_gone() {
        let mut visited = Visited::default();
        for place in ["a", "b", "b", "c"] {
            visited.arrive(&place);
        }
        assert_eq!((visited.back(), visited.back(), visited.back()), (Some("b"), Some("a"), None));
        visited.arrive(&"a");
        assert_eq!(visited.forward(), Some("b"), "arriving where one went changes nothing");
        visited.arrive(&"d");
        assert_eq!((visited.forward(), visited.back()), (None, Some("b")));
    }
}

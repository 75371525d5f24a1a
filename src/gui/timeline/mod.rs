//! The timeline: lanes of events over time.

//! Foldback inspects and replays event-sourced systems on Apache Kafka.

pub mod cli;
pub mod decode;
pub mod demo;
pub mod entity;
pub mod fold;
pub mod gui;
pub mod kafka;
pub mod model;
pub mod partition_log;
pub mod workspace;

//! Foldback: a native desktop inspector and replay tool for event-sourced systems on Apache Kafka.
//!
#![doc = include_str!("../ARCHITECTURE.md")]

pub mod cli;
pub mod config;
pub mod decode;
pub mod demo;
pub mod entity;
pub mod evidence;
pub mod fold;
pub mod gui;
pub mod kafka;
pub mod model;
pub mod partition_log;
pub mod read_model;
pub mod sandbox;
pub mod workspace;

//! A real Apache Kafka on free loopback ports.
//!
//! Promises: it answers when `start` returns; it is gone with the test binary; topics that nobody
//! created are created by the broker when a client allows it, so that a test sees a client that
//! does.
//! Does not know: what is in the topics.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::node::{Folder, Node, free_port};
use super::tools::kafka_tool;

/// How long a start may take on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(2);

/// How long one request may take on a busy machine.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// What every node is told. Events in tests carry old timestamps, which must not make them expire;
/// internal topics stay small; compaction and retention happen within seconds.
const PROPERTIES: [(&str, &str); 24] = [
    ("process.roles", "broker,controller"),
    ("controller.listener.names", "CONTROLLER"),
    ("inter.broker.listener.name", "PLAINTEXT"),
    ("log.retention.ms", "-1"),
    ("auto.create.topics.enable", "true"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("offsets.topic.num.partitions", "4"),
    ("transaction.state.log.num.partitions", "4"),
    ("share.coordinator.state.topic.num.partitions", "1"),
    ("num.network.threads", "2"),
    ("num.io.threads", "2"),
    ("num.replica.fetchers", "1"),
    ("num.recovery.threads.per.data.dir", "1"),
    ("log.cleaner.threads", "1"),
    ("log.cleaner.backoff.ms", "200"),
    ("log.cleaner.dedupe.buffer.size", "4194304"),
    ("log.initial.task.delay.ms", "500"),
    ("log.retention.check.interval.ms", "500"),
    ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
    ("transaction.remove.expired.transaction.cleanup.interval.ms", "3600000"),
    ("broker.session.timeout.ms", "3000"),
    ("broker.heartbeat.interval.ms", "500"),
    ("controlled.shutdown.enable", "false"),
    ("unstable.api.versions.enable", "false"),
];

/// A further way into the broker.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// Its name, such as `SASL_SSL`.
    pub(crate) name: &'static str,
    /// Its security protocol, such as `SASL_SSL`.
    pub(crate) protocol: &'static str,
    /// The host it is advertised under; the loopback address when `None`.
    pub(crate) advertised_host: Option<&'static str>,
}

impl Listener {
    /// A listener that is named like its protocol.
    pub(crate) fn new(protocol: &'static str) -> Self {
        Self { name: protocol, protocol, advertised_host: None }
    }
}

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// How many nodes; each is broker and controller.
    pub(crate) nodes: usize,
    /// Ways in beside `PLAINTEXT`.
    pub(crate) listeners: Vec<Listener>,
    /// Properties that come on top of the usual ones.
    pub(crate) properties: Vec<(String, String)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { nodes: 1, listeners: Vec::new(), properties: Vec::new() }
    }
}

impl Setup {
    /// The same with one property more.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.properties.push((name.to_owned(), value.into()));
        self
    }

    /// The same with one listener more.
    #[must_use]
    pub(crate) fn with_listener(mut self, listener: Listener) -> Self {
        self.listeners.push(listener);
        self
    }
}

/// A running cluster.
#[derive(Debug)]
pub(crate) struct Kafka {
    /// The nodes, in the order of their ids. Dropped before the folder they live in.
    nodes: Mutex<Vec<Node>>,
    /// The bootstrap addresses of the `PLAINTEXT` listeners.
    brokers: String,
    /// The address of each further listener of the first node, by its name.
    listeners: Vec<(&'static str, String)>,
    /// Serial number of the next unique topic name.
    next_topic: Mutex<u32>,
    /// Holds the nodes' data.
    folder: Folder,
}

impl Kafka {
    /// The cluster that the tests of this binary share: one node, no security.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Kafka> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A new cluster of one node without security.
    pub(crate) fn start() -> Self {
        Self::start_with(&Setup::default())
    }

    /// A new cluster. Waits until every node answers.
    pub(crate) fn start_with(setup: &Setup) -> Self {
        let folder = Folder::new();
        let ports: Vec<NodePorts> = (0..setup.nodes).map(|_| NodePorts::choose(setup)).collect();
        let cluster_id = base64_id();
        let mut nodes = Vec::new();
        for index in 0..setup.nodes {
            let properties = node_properties(setup, &ports, index);
            let path = folder.path().join(format!("node{}", index + 1));
            nodes.push(Node::format(path, &cluster_id, &properties));
        }
        nodes.iter_mut().for_each(Node::start);
        let brokers: Vec<String> =
            ports.iter().map(|ports| format!("127.0.0.1:{}", ports.plaintext)).collect();
        let listeners = setup.listeners.iter().zip(&ports[0].further);
        let kafka = Self {
            nodes: Mutex::new(nodes),
            brokers: brokers.join(","),
            listeners: listeners
                .map(|(listener, port)| (listener.name, format!("127.0.0.1:{port}")))
                .collect(),
            next_topic: Mutex::new(1),
            folder,
        };
        kafka.wait_for_nodes(setup.nodes);
        kafka
    }

    /// The bootstrap addresses without security.
    pub(crate) fn brokers(&self) -> &str {
        &self.brokers
    }

    /// The address of a further listener of the first node.
    pub(crate) fn listener(&self, name: &str) -> &str {
        let found = self.listeners.iter().find(|(known, _)| *known == name);
        &found.expect("the listener was part of the setup").1
    }

    /// A folder for files of this cluster's tests; gone with the cluster.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A topic name that no other test of this binary uses.
    pub(crate) fn topic_name(&self, about: &str) -> String {
        let mut next = self.next_topic.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        format!("{about}-{next}")
    }

    /// Creates a topic with a name of its own and these settings; waits until it can be written.
    pub(crate) fn create_topic(
        &self,
        about: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> String {
        let name = self.topic_name(about);
        self.create_topic_named(&name, partitions, configs);
        name
    }

    /// Gives a topic this configuration, in the place of the one it had.
    pub(crate) fn configure_topic(&self, name: &str, configs: &[(&str, &str)]) {
        let topic = AlterConfig::new(ResourceSpecifier::Topic(name));
        let topic = configs.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        let admin = self.admin();
        #[expect(clippy::disallowed_methods, reason = "the test's own cluster")]
        let altered = block_on(admin.alter_configs([&topic], &admin_options()));
        let outcome = altered.expect("the broker answers").remove(0);
        outcome.unwrap_or_else(|(_, code)| panic!("cannot configure {name}: {code}"));
    }

    /// Creates a topic of this name; waits until it can be written.
    pub(crate) fn create_topic_named(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) {
        let replicas = i32::try_from(self.nodes().len()).expect("a few nodes");
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replicas));
        topic = configs.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        let admin = self.admin();
        #[expect(clippy::disallowed_methods, reason = "the test's own cluster")]
        let created = block_on(admin.create_topics([&topic], &admin_options()));
        let outcome = created.expect("the broker answers").remove(0);
        outcome.unwrap_or_else(|(name, code)| panic!("cannot create {name}: {code}"));
        let wanted = usize::try_from(partitions).expect("a count");
        let consumer = self.consumer(&[]);
        super::node::wait_until("the topic has leaders", REQUEST_LIMIT, || {
            let metadata = consumer.fetch_metadata(Some(name), REQUEST_LIMIT).expect("metadata");
            let partitions = metadata.topics()[0].partitions();
            partitions.len() == wanted && partitions.iter().all(|partition| partition.leader() >= 0)
        });
    }

    /// Adds partitions to a topic, up to this number.
    pub(crate) fn add_partitions(&self, name: &str, partitions: usize) {
        let admin = self.admin();
        let wanted = NewPartitions::new(name, partitions);
        let added = block_on(admin.create_partitions([&wanted], &admin_options()));
        let outcome = added.expect("the broker answers").remove(0);
        outcome.unwrap_or_else(|(name, code)| panic!("cannot add to {name}: {code}"));
        let consumer = self.consumer(&[]);
        super::node::wait_until("the partitions have leaders", REQUEST_LIMIT, || {
            let metadata = consumer.fetch_metadata(Some(name), REQUEST_LIMIT).expect("metadata");
            let known = metadata.topics()[0].partitions();
            known.len() == partitions && known.iter().all(|partition| partition.leader() >= 0)
        });
    }

    /// Deletes a topic.
    pub(crate) fn delete_topic(&self, name: &str) {
        let admin = self.admin();
        #[expect(clippy::disallowed_methods, reason = "the test's own cluster")]
        let deleted = block_on(admin.delete_topics(&[name], &admin_options()));
        let outcome = deleted.expect("the broker answers").remove(0);
        outcome.unwrap_or_else(|(name, code)| panic!("cannot delete {name}: {code}"));
    }

    /// Deletes the records of a partition below this offset, as retention would.
    pub(crate) fn delete_records(&self, topic: &str, partition: i32, before: i64) {
        let admin = self.admin();
        let mut offsets = TopicPartitionList::new();
        offsets
            .add_partition_offset(topic, partition, Offset::Offset(before))
            .expect("a partition and an offset");
        let deleted = block_on(admin.delete_records(&offsets, &admin_options()));
        deleted.expect("the broker deletes records");
    }

    /// Names of the topics that exist now, sorted.
    pub(crate) fn topic_names(&self) -> Vec<String> {
        let metadata = self.consumer(&[]).fetch_metadata(None, REQUEST_LIMIT).expect("metadata");
        let mut names: Vec<String> =
            metadata.topics().iter().map(|topic| topic.name().to_owned()).collect();
        names.sort();
        names
    }

    /// Ends a node at once, as a power cut would. Nodes count from 1.
    pub(crate) fn kill(&self, node: usize) {
        self.nodes()[node - 1].kill();
    }

    /// Starts a killed node with the data it had and waits until all nodes answer.
    pub(crate) fn restart(&self, node: usize) {
        let count = {
            let mut nodes = self.nodes();
            nodes[node - 1].start();
            nodes.len()
        };
        self.wait_for_nodes(count);
    }

    /// A client of another kind than the product's, for looking at the cluster from outside.
    pub(crate) fn consumer(&self, properties: &[(&str, &str)]) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers).set("auto.offset.reset", "error");
        for (key, value) in properties {
            config.set(*key, *value);
        }
        config.create().expect("a consumer")
    }

    /// A client that administers.
    pub(crate) fn admin(&self) -> AdminClient<DefaultClientContext> {
        ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .create()
            .expect("a client that administers")
    }

    /// Runs a tool of Apache Kafka against this cluster and returns what it printed.
    pub(crate) fn tool(&self, main_class: &str, arguments: &[&str]) -> String {
        kafka_tool(&self.brokers, main_class, arguments)
    }

    /// Waits until that many nodes are members of the cluster.
    fn wait_for_nodes(&self, count: usize) {
        let deadline = Instant::now() + START_LIMIT;
        let consumer = self.consumer(&[("reconnect.backoff.ms", "20"), ("log_level", "0")]);
        loop {
            let answer = consumer.fetch_metadata(None, Duration::from_millis(500));
            if answer.is_ok_and(|metadata| metadata.brokers().len() >= count) {
                return;
            }
            for (index, node) in self.nodes().iter_mut().enumerate() {
                let id = index + 1;
                assert!(node.is_running(), "node {id} ended:\n{}", node.last_words());
                assert!(Instant::now() < deadline, "node {id} is late:\n{}", node.last_words());
            }
        }
    }

    /// The nodes, also after a test that held them failed.
    fn nodes(&self) -> MutexGuard<'_, Vec<Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ports of one node.
#[derive(Debug)]
struct NodePorts {
    /// Of `PLAINTEXT`.
    plaintext: u16,
    /// Of `CONTROLLER`.
    controller: u16,
    /// Of the further listeners, in their order.
    further: Vec<u16>,
}

impl NodePorts {
    /// Free ports for every listener.
    fn choose(setup: &Setup) -> Self {
        let further = setup.listeners.iter().map(|_| free_port()).collect();
        Self { plaintext: free_port(), controller: free_port(), further }
    }
}

/// The properties of the node with this index, from 0.
fn node_properties(setup: &Setup, ports: &[NodePorts], index: usize) -> Vec<(String, String)> {
    let own = &ports[index];
    let mut listeners = vec![
        format!("PLAINTEXT://127.0.0.1:{}", own.plaintext),
        format!("CONTROLLER://127.0.0.1:{}", own.controller),
    ];
    let mut advertised = vec![format!("PLAINTEXT://127.0.0.1:{}", own.plaintext)];
    let mut protocols = vec!["PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned()];
    for (listener, port) in setup.listeners.iter().zip(&own.further) {
        let host = listener.advertised_host.unwrap_or("127.0.0.1");
        listeners.push(format!("{}://127.0.0.1:{port}", listener.name));
        advertised.push(format!("{}://{host}:{port}", listener.name));
        protocols.push(format!("{}:{}", listener.name, listener.protocol));
    }
    let voters: Vec<String> = ports
        .iter()
        .zip(1..)
        .map(|(ports, id)| format!("{id}@127.0.0.1:{}", ports.controller))
        .collect();
    let replicas = setup.nodes.min(3).to_string();
    let in_sync = setup.nodes.min(2).to_string();
    let mut properties: Vec<(String, String)> =
        PROPERTIES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut set = |name: &str, value: String| properties.push((name.to_owned(), value));
    set("node.id", (index + 1).to_string());
    set("controller.quorum.voters", voters.join(","));
    set("listeners", listeners.join(","));
    set("advertised.listeners", advertised.join(","));
    set("listener.security.protocol.map", protocols.join(","));
    for topic in ["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"] {
        set(&format!("{topic}.replication.factor"), replicas.clone());
    }
    set("transaction.state.log.min.isr", in_sync.clone());
    set("share.coordinator.state.topic.min.isr", in_sync);
    set("default.replication.factor", replicas);
    properties.extend(setup.properties.iter().cloned());
    properties
}

/// A new cluster id: 16 random bytes in URL-safe base64.
fn base64_id() -> String {
    use base64::Engine as _;
    let mut bytes = [0; 16];
    let mut random = fs_err::File::open("/dev/urandom").expect("a source of randomness");
    std::io::Read::read_exact(&mut random, &mut bytes).expect("16 random bytes");
    // The tools refuse an id that starts like an option.
    bytes[0] &= 0x7f;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Waits for an answer of the administering client.
fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// Enough time for a busy machine.
fn admin_options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(REQUEST_LIMIT)).operation_timeout(Some(REQUEST_LIMIT))
}

//! Follows links: connects where one leads, sets the clock, and says what the window opens.
//!
//! Promises: a link is followed on the cluster it names and on no other; nothing is connected to
//! with settings that the link itself brings, but addresses.
//! Does not know: tabs.

use std::sync::Arc;

use super::{State, Target};
use crate::config::{Link, LinkedCluster, Recents};
use crate::workspace::{
    ClockCommand, Config, ConnectionChoice, ConnectionInfo, ConnectionState, Linked, NoticeLevel,
    Problem,
};

impl State {
    /// Follows a link: at once where its cluster is connected, else once it is.
    pub(crate) fn open_link(&mut self, link: Link) {
        if let ConnectionState::Connected(info) = &self.view.connection
            && is_same(&link.cluster, info)
        {
            return self.follow_link(&link);
        }
        let target = target_of(&link.cluster, &self.kept.recents, self.options.config.as_ref());
        let Some(target) = target else {
            let problem = Problem::new("the cluster that the link names is not known here");
            let hint = "connect to it once, then open the link again";
            return self.notify(NoticeLevel::Error, problem.with_hint(hint));
        };
        self.connect(target);
        self.link = Some(link);
    }

    /// A connection stands: follows the link that waited for it.
    pub(crate) fn follow_waiting_link(&mut self, info: &ConnectionInfo) {
        let Some(link) = self.link.take() else { return };
        if is_same(&link.cluster, info) {
            return self.follow_link(&link);
        }
        let problem = Problem::new(format!("{} is not the cluster that the link names", info.name));
        let id = link.cluster.id.unwrap_or_default();
        let hint = format!("the link was made on the cluster {id}");
        self.notify(NoticeLevel::Error, problem.with_hint(hint));
    }

    /// Follows a link on the cluster that is connected.
    fn follow_link(&mut self, link: &Link) {
        self.set_isolation(link.isolation);
        self.move_clock(ClockCommand::UseClock(link.clock));
        self.move_clock(ClockCommand::Set(link.at.clone()));
        if let Some(place) = link.place.clone() {
            let number = self.view.linked.as_ref().map_or(0, |last| last.number) + 1;
            self.view.linked = Some(Arc::new(Linked { number, place }));
        }
        self.touch_urgently();
    }
}

/// Whether a connection is to the cluster that a link names.
fn is_same(linked: &LinkedCluster, info: &ConnectionInfo) -> bool {
    match (&linked.id, &info.cluster_id) {
        (Some(id), Some(known)) => **id == **known,
        _ => {
            linked.connection.as_deref() == Some(&*info.name)
                || linked.brokers.as_deref() == Some(&*info.brokers)
        }
    }
}

/// What to connect to for a link: what was used before for this very cluster, with all its
/// settings; else the connection of this name; else its addresses.
fn target_of(linked: &LinkedCluster, recents: &Recents, config: Option<&Config>) -> Option<Target> {
    let used = recents.connections.iter().find(|recent| {
        recent.cluster_id.is_some() && recent.cluster_id == linked.id && recent.unkept.is_empty()
    });
    let named = || {
        let name = linked.connection.as_ref()?;
        let mut saved = config?.connections();
        saved.any(|saved| *saved.name == **name).then(|| ConnectionChoice::Saved(name.clone()))
    };
    let addressed = || linked.brokers.clone().map(ConnectionChoice::Brokers);
    match used {
        Some(recent) => Some(Target::Recent(recent.key.clone())),
        None => named().or_else(addressed).map(Target::Choice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{KeptSession, RecentConnection, RecentKey};

    #[test]
    fn a_link_leads_to_what_was_used_for_its_cluster_before_it_leads_to_an_address() {
        let key = RecentKey::new(ConnectionChoice::ConfigFile("/etc/prod.properties".into()), None);
        let recent = RecentConnection {
            key: key.clone(),
            brokers: "prod:9092".to_owned(),
            cluster_id: Some("A".to_owned()),
            used_ms: 0,
            unkept: Vec::new(),
            session: KeptSession::default(),
        };
        let recents = Recents { go_on: true, connections: vec![recent] };
        let linked = |id: &str| LinkedCluster {
            id: Some(id.to_owned()),
            connection: Some("prod".to_owned()),
            brokers: Some("b:9092".to_owned()),
        };
        let used = target_of(&linked("A"), &recents, None);
        assert!(matches!(used, Some(Target::Recent(known)) if known == key));
        let other = target_of(&linked("B"), &recents, None);
        let choice = ConnectionChoice::Brokers("b:9092".to_owned());
        assert!(matches!(other, Some(Target::Choice(chosen)) if chosen == choice));
        let nowhere = LinkedCluster { brokers: None, ..linked("B") };
        assert!(target_of(&nowhere, &recents, None).is_none());
    }
}

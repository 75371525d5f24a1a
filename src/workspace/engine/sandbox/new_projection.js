// A projection: it makes a state of events. Run it with Ctrl+Enter, save it with Ctrl+S.
fromAll()
  .foreachStream() // a state of its own for each entity
  .when({
    $init: () => ({ events: 0 }),
    $any(state, event) {
      state.events += 1;
      state.last = event.eventType;
    },
  });

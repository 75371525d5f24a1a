// What the operational dashboard shows of an order: how far it is and what it is worth.
fromCategory('order-events')
  .foreachStream()
  .when({
    $init: () => ({ status: null, total: null }),
    OrderCreated: (row, event) => ({ status: event.body.status, total: event.body.total }),
    ItemAdded(row, event) {
      row.total = event.body.total;
    },
    OrderShipped(row, event) {
      row.status = event.body.status;
      row.total = event.body.total;
    },
    OrderCancelled(row, event) {
      row.status = event.body.status;
      row.total = event.body.total;
    },
  });

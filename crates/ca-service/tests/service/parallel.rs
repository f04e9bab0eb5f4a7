//! Many renewals at once, on one instance and on two: every step once, every number once, every record in the log.

use crate::world::{Customer, Options, Place, World};
use sqlx::Row;
use std::collections::HashSet;
use std::sync::Arc;

/// Renews for many customers at once, each through one of the instances, some requests sent twice at the same time.
async fn renew_all(instances: Vec<World>, customers: usize) -> Vec<World> {
    let mut everyone: Vec<Customer> = Vec::new();
    for _ in 0..customers {
        everyone.push(instances[0].customer("unit", 20).await);
    }
    let before = instances[0].audited().await;
    let instances = Arc::new(instances);
    let tasks: Vec<_> = everyone
        .into_iter()
        .enumerate()
        .map(|(number, customer)| {
            let instances = Arc::clone(&instances);
            tokio::spawn(async move {
                let here = &instances[number % instances.len()];
                let there = &instances[(number + 1) % instances.len()];
                let open = here.session(&customer).await;
                let request = here.order_request(&open).await;
                // the same order on two instances
                let (one, two) =
                    tokio::join!(here.try_order(&open, &request, "key"), there.try_order(&open, &request, "key"));
                let (one, two): (order_api::OrderCreated, _) = (one.ok(), two.ok());
                assert_eq!(one, two);
                let no = one.order.no;
                // the same CSR on two instances
                let key = gm::PrivateKey::generate().unwrap();
                let csr = crate::renewal::csr(&customer, &key);
                let (one, two) =
                    tokio::join!(here.try_issue(&customer, &no, &csr), there.try_issue(&customer, &no, &csr));
                let (one, two): (order_api::IssueResponse, _) = (one.ok(), two.ok());
                assert_eq!(one, two);
                let new = crate::renewal::unpack(&customer, key, &one);
                let (one, two) = tokio::join!(there.try_confirm(&new, &no), here.try_confirm(&new, &no));
                let (one, two): (order_api::Order, _) = (one.ok(), two.ok());
                assert_eq!(one, two);
                no
            })
        })
        .collect();
    let mut numbers = HashSet::new();
    for task in tasks {
        assert!(numbers.insert(task.await.unwrap()), "an order number was given out twice");
    }
    let world = &instances[0];
    assert_eq!(numbers.len(), customers);
    let count = i64::try_from(customers).unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM orders WHERE state = 'installed'").await, count);
    assert_eq!(world.number("SELECT COUNT(*) FROM orders").await, count);
    for (status, kind) in [("superseded", "sign"), ("superseded", "encrypt"), ("valid", "sign"), ("valid", "encrypt")] {
        let rows = sqlx::query("SELECT COUNT(*) FROM certificates WHERE status = $1 AND kind = $2")
            .bind(status)
            .bind(kind)
            .fetch_one(world.service().store.pool())
            .await
            .unwrap();
        assert_eq!(rows.get::<i64, _>(0), count, "{status} {kind}");
    }
    for no in &numbers {
        assert_eq!(world.service().kmc.count(no).await.unwrap(), 1, "{no}");
    }
    // session, order, contact, issue, installed, superseded: each once for each order, and none lost
    for action in ["session.open", "order.authorized", "order.issued", "order.installed", "certificate.supersede"] {
        let rows = sqlx::query("SELECT COUNT(*) FROM audit WHERE action = $1")
            .bind(action)
            .fetch_one(world.service().store.pool())
            .await
            .unwrap();
        assert_eq!(rows.get::<i64, _>(0), count, "{action}");
    }
    assert_eq!(world.audited().await - before, 6 * customers as u64);
    Arc::into_inner(instances).unwrap()
}

pub async fn many_renewals_at_once_on_one_instance(place: Place) {
    let world = World::new(&place, Options::default()).await;
    for world in renew_all(vec![world], 40).await {
        world.stop().await;
    }
}

/// Two instances share one database.
pub async fn two_instances_on_one_postgresql(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let sibling = world.sibling().await;
    for world in renew_all(vec![world, sibling], 200).await {
        world.stop().await;
    }
}

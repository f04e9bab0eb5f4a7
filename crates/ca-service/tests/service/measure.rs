//! How many renewals a second: `cargo test --release --test ca_service -- --ignored --nocapture measure`. Clients and
//! service share the machine, and a client computes about as much as the service.

use crate::postgres::Cluster;
use crate::world::{Customer, Options, Place, World};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Mutex;

const RENEWALS: usize = 200;
const CLIENTS: usize = 16;

async fn renewals_a_second(place: &Place) -> f64 {
    let world = Arc::new(World::new(place, Options::default()).await);
    let mut customers = Vec::new();
    for _ in 0..RENEWALS {
        customers.push(world.customer("unit", 20).await);
    }
    let customers: Arc<Mutex<Vec<Customer>>> = Arc::new(Mutex::new(customers));
    let start = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (world, customers) = (Arc::clone(&world), Arc::clone(&customers));
            tokio::spawn(async move {
                loop {
                    let next = customers.lock().await.pop();
                    let Some(customer) = next else { return };
                    world.renew(&customer).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let seconds = start.elapsed().as_secs_f64();
    world.audited().await;
    Arc::into_inner(world).unwrap().stop().await;
    RENEWALS as f64 / seconds
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; worth something on a quiet machine and in a release build only"]
async fn measure_renewals_a_second() {
    let cluster = Cluster::with_disk();
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!("| {RENEWALS} renewals, {CLIENTS} clients, {build} build | renewals/s |\n|---|---|");
    println!("| SQLite file | {:.0} |", renewals_a_second(&Place::sqlite()).await);
    let place = Place::postgres(&cluster.database().await);
    println!("| PostgreSQL on the same machine | {:.0} |", renewals_a_second(&place).await);
}

//! The CA service over real HTTP: every case runs on an SQLite file of its own, and all of them on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod flow;
mod renewal;
mod world;

/// Cases that take a place for their databases: a test each on SQLite, and a list for PostgreSQL.
macro_rules! cases {
    ($($module:ident::$case:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$module::$case(crate::world::Place::sqlite()).await;
                }
            )*
        }
    };
}

cases! {
    flow::a_renewal_replaces_the_pair_and_only_when_the_new_one_is_confirmed,
    flow::the_same_csr_gets_the_same_package_and_confirming_twice_is_fine,
    flow::the_same_idempotency_key_gets_the_same_order_even_after_the_session,
    flow::an_officer_decides_orders_of_a_product_with_review,
    flow::an_order_of_a_product_with_a_price_waits_for_the_money,
    flow::a_code_by_sms_proves_the_mobile_number,
    flow::what_is_not_paid_fetched_or_confirmed_in_time_ends,
    flow::a_waiting_request_answers_when_the_order_changes,
    flow::the_service_says_who_it_is_and_describes_itself,
}

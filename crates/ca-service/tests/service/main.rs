//! The CA service over real HTTP: every case runs on an SQLite file of its own, and all of them on PostgreSQL. The console has its
//! cases in a module of its own.
// owners of files, signals, programs of Unix
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

/// Cases that take a place for their databases: a test each on SQLite, and a list for PostgreSQL.
macro_rules! cases {
    ($($module:ident::$case:ident,)*) => {
        /// Every case with its name.
        fn cases() -> Vec<crate::Case> {
            vec![$((concat!(stringify!($module), "::", stringify!($case)), |place| Box::pin($module::$case(place))),)*]
        }

        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$module::$case(crate::world::Place::sqlite()).await;
                }
            )*
        }
    };
}

mod attacks;
mod console;
mod delivery;
mod flow;
mod judges;
mod keeping;
mod key;
mod measure;
mod misuse;
mod parallel;
mod postgres;
mod renewal;
mod unlock;
mod unlock_attacks;
mod unlock_flow;
mod unlock_probing;
mod world;

use delivery::{mail, sms, worker};
use std::pin::Pin;

type Case = (&'static str, fn(world::Place) -> Pin<Box<dyn Future<Output = ()>>>);

cases! {
    attacks::a_signature_is_good_for_one_body_one_request_and_once,
    attacks::clocks_may_be_five_minutes_apart_and_no_more,
    attacks::only_signing_certificates_in_use_open_a_session,
    attacks::an_order_opens_to_its_own_token_only,
    attacks::the_session_key_signs_one_session_and_one_certificate,
    attacks::an_order_is_taken_as_it_was_shown_and_one_at_a_time,
    attacks::the_validity_shown_before_midnight_is_shown_again_after_it,
    attacks::a_captcha_is_read_once,
    attacks::only_the_first_csr_of_an_order_and_a_good_one_is_certified,
    attacks::only_the_new_key_confirms_and_only_its_own_pair,
    misuse::bodies_that_are_not_the_request_are_refused,
    misuse::bodies_too_large_are_not_read,
    misuse::an_address_that_asks_too_often_waits,
    misuse::a_certificate_or_mobile_number_that_asks_too_often_waits,
    misuse::the_window_of_renewal_is_kept_over_http,
    flow::a_renewal_replaces_the_pair_and_only_when_the_new_one_is_confirmed,
    flow::the_same_csr_gets_the_same_package_and_confirming_twice_is_fine,
    flow::the_same_idempotency_key_gets_the_same_order_even_after_the_session,
    flow::an_officer_decides_orders_of_a_product_with_review,
    flow::an_order_of_a_product_with_a_price_waits_for_the_money,
    flow::a_code_by_sms_proves_the_mobile_number,
    flow::what_is_not_paid_fetched_or_confirmed_in_time_ends,
    flow::revoking_either_pair_ends_the_order_between_them,
    flow::a_waiting_request_answers_when_the_order_changes,
    flow::the_service_says_who_it_is_and_describes_itself,
    judges::openssl_verifies_every_link_and_reads_the_profile,
    judges::openssl_opens_the_package,
    judges::openssl_reads_and_verifies_every_revocation_list,
    judges::certificates_of_another_ca_can_be_taken_in_and_renewed,
    parallel::many_renewals_at_once_on_one_instance,
    unlock_flow::a_code_by_sms_unlocks_the_key_and_the_owner_is_told,
    unlock_flow::a_cut_after_any_step_is_made_good_by_the_same_client_key,
    unlock_flow::an_officer_looks_at_an_application_and_sends_a_code,
    unlock_flow::an_officer_may_send_the_code_to_a_new_number_and_the_old_one_hears_of_it,
    unlock_flow::an_officer_says_no_or_can_not_say_yes,
    unlock_flow::an_application_is_taken_once_for_each_idempotency_key,
    unlock_flow::renewals_and_unlocks_do_not_stand_in_each_others_way,
    unlock_flow::which_certificates_may_be_unlocked_is_no_secret,
    unlock_flow::a_device_has_one_owner_and_keeps_its_master,
    unlock_probing::who_does_not_fit_the_books_sees_what_everybody_sees,
    unlock_attacks::five_wrong_codes_end_an_order_however_many_were_sent,
    unlock_attacks::a_code_is_good_for_its_order_its_time_and_once,
    unlock_attacks::a_begin_is_good_for_one_key_client_request_and_once,
    unlock_attacks::an_answer_the_key_did_not_take_is_not_repeated,
    unlock_attacks::a_key_is_unlocked_by_one_order_at_a_time,
    unlock_attacks::of_two_begins_at_once_one_begins_and_the_other_goes_on,
    unlock_attacks::only_the_key_itself_reports_the_end,
    unlock_attacks::a_revoked_certificate_ends_its_unlocks_at_every_stage,
    unlock_attacks::an_application_is_signed_whole_and_read_by_a_person,
    unlock_attacks::floods_are_held_back_by_certificate_and_number,
    mail::a_mail_arrives_as_it_was_meant,
    mail::a_server_that_is_not_safe_gets_no_mail,
    mail::a_refusal_ends_it_and_a_person_may_send_it_again,
    mail::what_passes_is_tried_again_later_and_later,
    mail::a_server_that_is_not_there_is_tried_for_a_day,
    mail::an_address_the_server_can_not_take_is_no_reason_to_wait,
    mail::values_stay_values_in_head_and_body,
    sms::an_sms_is_a_request_with_its_values_where_they_belong,
    sms::the_answer_decides_whether_it_was_sent,
    sms::nobody_is_followed_or_waited_for,
    worker::a_message_is_sent_when_it_is_committed_and_not_before,
    worker::two_instances_send_each_message_once,
    worker::one_message_that_many_want_goes_to_one,
    worker::a_crash_between_sending_and_noting_repeats_the_same_message,
    worker::a_late_answer_undoes_nothing,
    worker::a_code_that_ended_is_not_sent_and_not_kept,
    worker::a_gateway_that_breaks_the_program_is_tried_for_a_day,
    worker::without_a_gateway_messages_stay_where_the_console_shows_them,
}

/// One cluster for all, each case in a database of its own, in which the key management lies too.
async fn on_postgresql(cases: impl IntoIterator<Item = Case>) {
    let cluster = postgres::Cluster::start();
    for (name, case) in cases {
        eprintln!("{name}");
        case(world::Place::postgres(&cluster.database().await)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_of_an_unlock_holds_on_postgresql() {
    on_postgresql(cases().into_iter().filter(|(name, _)| name.starts_with("unlock"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_other_case_holds_on_postgresql() {
    on_postgresql(cases().into_iter().filter(|(name, _)| !name.starts_with("unlock"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_share_one_postgresql() {
    let cluster = postgres::Cluster::start();
    parallel::two_instances_on_one_postgresql(world::Place::postgres(&cluster.database().await)).await;
}

//! The operator console and its program: over HTTP, and as a person sees it in a real browser.

mod in_browser;
mod log_in;
mod matrix;
mod outbox;
mod pages;
mod pictures;
mod program;
mod security;
mod unlocks;
mod unlocks_in_browser;
mod visitor;

cases! {
    log_in::a_first_password_opens_nothing_but_its_change,
    log_in::five_wrong_passwords_lock_for_fifteen_minutes_whoever_the_name_belongs_to,
    log_in::parallel_tries_are_counted_before_they_are_looked_at,
    log_in::accounts_change_while_their_people_log_in,
    log_in::a_session_ends_by_idleness_by_age_and_by_log_out,
    log_in::a_new_log_in_gets_a_new_cookie_and_the_books_hold_none_of_them,
    log_in::a_changed_password_ends_all_other_sessions,
    log_in::a_new_password_must_be_good,
    matrix::every_route_is_open_to_those_who_may_and_to_nobody_else,
    security::every_answer_carries_the_headers_that_protect_it,
    security::a_form_without_the_right_token_or_origin_changes_nothing,
    security::a_zero_byte_reaches_no_database,
    security::cookies_are_for_this_console_only,
    security::a_link_to_change_the_language_leads_back_into_the_console_only,
    pages::orders_are_found_by_state_number_holder_serials_and_contact,
    pages::lists_have_pages,
    pages::an_auditor_sees_no_contact_and_can_not_find_one_by_searching,
    pages::the_evidence_of_an_order_can_be_verified,
    pages::two_officers_who_decide_at_once_decide_once,
    pages::a_rejection_needs_a_reason_and_the_customer_sees_it,
    pages::a_contact_is_corrected_with_a_reason,
    pages::a_revoked_certificate_stands_on_the_list,
    pages::rules_of_a_product_hold_for_later_orders,
    pages::operators_are_added_changed_and_reset,
    pages::an_administrator_remains,
    pages::the_outbox_shows_codes_to_administrators_only,
    outbox::the_outbox_says_why_and_sends_again_what_failed,
    pages::the_audit_log_is_filtered_exported_and_checked,
    unlocks::an_officer_sees_what_fits_and_an_auditor_no_contact,
    unlocks::an_approval_says_to_whom_how_and_why,
    unlocks::a_new_number_is_its_own_decision_and_a_refused_key_is_named,
    unlocks::an_order_that_does_not_fit_is_named_to_officers_only,
    unlocks::a_key_is_registered_before_it_can_be_unlocked,
    unlocks::an_unlock_is_decided_once_and_in_time,
    unlocks::unlocks_are_found_by_kind_and_those_that_wait_come_first,
    pages::pages_speak_the_language_of_the_browser_or_the_chosen_one,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_holds_on_postgresql() {
    crate::on_postgresql(cases()).await;
}

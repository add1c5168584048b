//! The store on real databases: what is written comes back, nothing is lost, and nothing that was
//! tampered with is believed.
//!
//! Each test of `suite!` runs on SQLite and on a PostgreSQL server that is started for it.

#![allow(clippy::unwrap_used, reason = "this whole crate is a test")]

mod backup;
#[path = "../support/banyan.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod banyan;
mod browse;
#[expect(dead_code, reason = "made for the core's own tests")]
#[path = "../../crates/core/tests/account/chaos.rs"]
mod chaos;
mod decided;
mod decisions;
#[expect(dead_code, reason = "made for the core's own tests")]
#[path = "../../crates/core/tests/account/desk.rs"]
mod desk;
mod disk;
mod export;
mod foundation;
mod journal;
mod lease;
#[path = "../../crates/core/tests/account/listing.rs"]
mod listing;
mod models;
mod place;
#[path = "../support/postgres.rs"]
mod postgres_server;
mod story;
#[path = "../../crates/core/tests/account/venue.rs"]
mod venue;
mod verify;

macro_rules! suite {
    ($($theme:ident: $($name:ident),+;)+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::$theme::$name(&crate::place::Place::sqlite()).await;
                }
            )+)+
        }
        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::$theme::$name(&crate::place::Place::postgres().await).await;
                }
            )+)+
        }
    };
}

suite! {
    foundation:
        recovery_reports_come_back_to_their_owner_alone,
        a_newer_schema_is_refused,
        a_visitor_needs_a_database_that_is_up_to_date;
    journal:
        records_come_back_as_they_were_written,
        many_accounts_share_a_commit,
        a_snapshot_shortens_the_way_and_leads_to_the_same_state,
        a_snapshot_of_another_layout_is_not_read,
        a_group_that_failed_is_folded_once,
        a_group_whose_answer_was_lost_is_not_written_twice,
        another_record_in_the_same_place_is_no_success,
        a_gap_is_refused_when_written_and_when_read,
        a_record_of_version_one_is_read,
        a_record_of_a_later_version_is_refused;
    lease:
        a_second_engine_is_refused_until_the_first_is_gone,
        an_engine_that_was_replaced_writes_no_more;
    verify:
        what_is_derived_is_the_fold_of_the_journal,
        whatever_is_tampered_with_is_found,
        the_command_tells_and_answers_by_its_exit_code;
    browse:
        everybody_sees_their_own_rows_alone,
        filters_and_pages_choose_rows,
        the_life_of_an_order_is_told_in_order;
    decisions:
        decisions_come_back_with_what_became_of_them,
        everybody_sees_their_own_decisions_alone,
        filters_and_totals_count_decisions,
        outcomes_are_found_by_their_horizon,
        decisions_follow_from_the_journal,
        a_decision_that_is_tampered_with_is_named,
        decisions_come_back_from_a_backup,
        other_limits_would_have_changed_an_order,
        decisions_are_listed_and_exported_to_the_letter;
    models:
        providers_come_back_to_their_owner_alone,
        a_provider_is_changed_by_one_at_a_time,
        what_is_reserved_counts_until_it_is_settled,
        calls_are_added_up_and_forgotten_by_day,
        providers_and_calls_are_in_backups;
    backup:
        a_backup_comes_back_in_the_same_kind_of_database,
        a_backup_comes_back_in_the_other_kind_of_database,
        a_backup_is_made_while_the_journal_is_written,
        a_backup_comes_back_into_an_empty_place_only;
    export:
        trades_and_ledger_are_exported_with_every_digit;
}

//! The conformance suite of the stores in a database of traces. A case takes an empty store, or a database on which it
//! opens stores. Property tests give each random input its own workspace, so that they can share a database.

mod alert;
mod alert_delivery;
mod alert_evaluation;
mod alert_rule;
mod assemble;
mod atomicity;
mod concurrency;
mod detail;
mod group;
mod idempotence;
mod incoming;
mod late;
mod list;
mod migration;
mod price;
mod reopen;
mod reprice;
mod score;
mod search;
mod session;
mod total;

use store::{alert::AlertStore, job::JobStore, price::PriceStore, trace::TraceStore};
use test_support::database::{open_postgres, open_sqlite, open_timescale};

/// A store in the trace database.
trait FromTraceDatabase {
    fn new(traces: &TraceStore) -> Self;
}

impl FromTraceDatabase for TraceStore {
    fn new(traces: &TraceStore) -> Self {
        traces.clone()
    }
}

impl FromTraceDatabase for AlertStore {
    fn new(traces: &TraceStore) -> Self {
        Self::new(traces.database())
    }
}

impl FromTraceDatabase for PriceStore {
    fn new(traces: &TraceStore) -> Self {
        Self::new(traces.database())
    }
}

impl FromTraceDatabase for JobStore {
    fn new(traces: &TraceStore) -> Self {
        Self::new(traces.database())
    }
}

macro_rules! trace_store_suite {
    ($engine:ident, $open:ident, #[$attribute:meta], stores: [$($store:ident::$store_case:ident),+ $(,)?], databases: [$($database:ident::$database_case:ident),+ $(,)?]) => {
        mod $engine {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[$attribute]
            async fn $store_case() {
                let database = super::$open().await;
                let store = database.traces().await;
                super::$store::$store_case(&super::FromTraceDatabase::new(&store)).await;
                store.close().await;
            })+
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[$attribute]
            async fn $database_case() {
                super::$database::$database_case(&super::$open().await).await;
            })+
        }
    };
    ($engine:ident, $open:ident) => {
        trace_store_suite!($engine, $open, #[cfg(all())]);
    };
    ($engine:ident, $open:ident, #[$attribute:meta]) => {
        trace_store_suite!(
            $engine,
            $open,
            #[$attribute],
            stores: [
                total::sums_of_any_windows_equal_brute_force,
                total::an_empty_workspace_has_empty_sums,
                total::sums_by_any_step_of_a_chart_equal_brute_force,
                total::a_tally_counts_rows_and_sums_days,
                total::an_overflowing_sum_does_not_block_other_workspaces,
                group::sums_and_percentiles_by_group_and_step_equal_brute_force,
                list::any_page_of_any_filter_equals_the_sorted_traces,
                list::offset_and_cursor_pages_of_a_long_list_equal_the_sorted_traces,
                list::cursor_pagination_returns_every_match_once_and_in_order,
                list::a_page_beyond_the_end_is_empty_and_contains_the_total,
                list::finds_rare_matches_in_a_long_window_page_by_page,
                list::traces_with_the_same_start_are_listed_in_reverse_order_of_arrival,
                list::the_newest_trace_is_the_one_with_the_latest_start,
                idempotence::traces_resent_in_any_batches_count_once_and_keep_the_first_version,
                idempotence::traces_sent_concurrently_count_once,
                score::scores_and_traces_in_any_order_give_the_mean_everywhere,
                score::a_score_replaced_a_hundred_times_leaves_no_drift,
                score::a_score_without_a_trace_is_not_returned,
                score::restoring_scores_replaces_missing_and_older_ones_without_duplicates,
                search::finds_spans_that_contain_a_text_ordered_by_start,
                session::sessions_and_end_users_read_page_by_page_equal_brute_force,
                session::sessions_and_end_users_of_a_window_equal_brute_force,
                session::a_session_belongs_to_one_workspace_and_one_kind,
                session::sums_beyond_64_bits_saturate_if_the_engine_supports_them,
                detail::returns_every_field_as_sent,
                detail::only_a_single_span_contains_its_long_fields,
                detail::returns_a_trace_of_three_thousand_spans_complete_and_in_order,
                detail::a_detail_omits_payloads_beyond_the_size_limit,
                detail::an_empty_payload_has_no_input_output_or_metadata,
                detail::returns_a_trace_only_to_its_own_workspace,
                concurrency::readers_see_only_complete_batches_during_writes,
                alert::lists_alerts_newest_first_by_workspace_and_severity,
                alert::any_filter_of_alerts_equals_brute_force,
                alert::an_alert_inserted_twice_is_stored_once,
                alert::a_group_of_a_rule_has_one_open_alert_and_any_number_of_resolved_ones,
                alert::returns_an_alert_with_all_fields_only_to_its_own_workspace,
                alert::only_its_own_workspace_acknowledges_an_open_alert_and_only_once,
                alert_rule::concurrent_writers_create_the_default_rules_once,
                alert_rule::returns_a_rule_unchanged_only_to_its_own_workspace,
                alert_rule::updates_a_rule_only_from_its_latest_version,
                alert_rule::limits_the_rules_of_a_workspace_and_restores_up_to_the_limit,
                alert_rule::returns_a_channel_with_its_secret_only_to_its_own_workspace,
                alert_rule::limits_the_channels_of_a_workspace,
                alert_evaluation::one_worker_leases_a_rule_until_it_commits_or_the_lease_expires,
                alert_evaluation::workers_lease_the_oldest_rules_first_and_each_rule_once,
                alert_evaluation::rejects_an_evaluation_of_a_rule_that_was_updated_meanwhile,
                alert_evaluation::the_next_lease_contains_the_results_of_the_last_evaluation,
                alert_evaluation::a_failed_commit_of_an_evaluation_stores_nothing,
                alert_evaluation::deliveries_beyond_the_limit_of_a_workspace_are_recorded_as_dropped,
                alert_delivery::leases_a_delivery_until_it_succeeds_or_fails,
                alert_delivery::delivers_the_events_of_an_alert_in_order_per_channel,
                alert_delivery::limits_the_deliveries_in_flight_per_channel_oldest_first,
                alert_delivery::concurrent_workers_lease_each_delivery_once,
                alert_delivery::deletes_deliveries_with_their_channel_or_after_retention,
                alert_delivery::a_workspace_with_many_pending_deliveries_does_not_delay_others,
                alert_delivery::a_message_about_several_alerts_is_in_order_with_those_of_each,
                price::returns_a_price_unchanged_only_to_its_own_workspace,
                price::replaces_a_price_of_the_same_model_and_provider,
                price::limits_the_prices_of_a_workspace_and_allows_replacements,
                price::creates_one_reprice_job_per_window_at_a_time,
                price::one_worker_leases_a_reprice_job_until_the_lease_expires,
                price::one_of_several_workers_leases_a_reprice_job,
                reopen::a_closed_store_fails_its_ping,
                reprice::repricing_updates_traces_and_figures,
                reprice::repricing_updates_a_trace_sent_as_one_document_only_if_its_cost_is_derived,
                reprice::incoming_spans_do_not_change_the_cost_of_a_trace_sent_as_one_document,
                reprice::returns_usage_page_by_page_ordered_by_start,
                assemble::spans_in_any_order_assemble_the_same_traces_and_figures,
                assemble::usage_of_a_parent_with_the_sum_of_its_children_counts_once,
                assemble::promotes_a_pending_trace_after_a_time_without_new_spans,
                assemble::the_resource_of_the_root_span_is_the_metadata,
                assemble::promotes_extends_and_reads_traces_that_exceed_one_batch_in_memory,
                assemble::drops_spans_of_a_trace_beyond_the_limit,
                assemble::a_trace_sent_as_one_document_keeps_its_figures_and_contains_incoming_spans,
            ],
            databases: [
                atomicity::a_batch_with_an_invalid_trace_stores_nothing,
                atomicity::a_resent_batch_stores_no_payload_twice,
                reopen::keeps_all_data_after_close_and_reopen,
                migration::migrates_a_database_of_the_first_version,
                migration::recipients_of_existing_channels_stay_confirmed,
                reopen::reopening_runs_no_migrations,
                concurrency::two_stores_on_one_database_store_a_trace_once,
                assemble::a_failed_promotion_does_not_block_other_traces,
                assemble::resent_spans_store_no_payload_twice,
                assemble::two_stores_write_spans_of_the_same_traces_without_losses,
            ]
        );
    };
}

trace_store_suite!(sqlite, open_sqlite);
trace_store_suite!(postgres, open_postgres);
trace_store_suite!(timescale, open_timescale, #[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]);

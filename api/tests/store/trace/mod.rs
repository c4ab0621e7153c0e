//! What every trace store must do. A case takes an empty store, or the database that stores can be opened on; property
//! tests give each random input a workspace of its own, so that one database serves them all.

mod alert;
mod alert_delivery;
mod alert_rule;
mod alert_turn;
mod atomicity;
mod concurrency;
mod detail;
mod gather;
mod group;
mod idempotence;
mod late;
mod list;
mod loose;
mod migration;
mod price;
mod recost;
mod reopen;
mod score;
mod search;
mod thread;
mod total;

use store::{alert::AlertStore, job::JobStore, price::PriceStore, trace::TraceStore};
use test_support::database::{open_postgres, open_sqlite, open_timescale};

/// A store in a database of traces.
trait InTraces {
    fn new(traces: &TraceStore) -> Self;
}

impl InTraces for TraceStore {
    fn new(traces: &TraceStore) -> Self {
        traces.clone()
    }
}

impl InTraces for AlertStore {
    fn new(traces: &TraceStore) -> Self {
        Self::new(traces.database())
    }
}

impl InTraces for PriceStore {
    fn new(traces: &TraceStore) -> Self {
        Self::new(traces.database())
    }
}

impl InTraces for JobStore {
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
                super::$store::$store_case(&super::InTraces::new(&store)).await;
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
                total::an_empty_workspace_adds_up_to_nothing,
                total::sums_by_any_step_of_a_chart_equal_brute_force,
                total::a_tally_counts_the_rows_and_adds_up_the_days,
                total::a_sum_too_large_to_keep_stops_nobody_elses_traces,
                group::sums_and_percentiles_by_group_and_step_equal_brute_force,
                list::any_page_of_any_filter_equals_the_sorted_traces,
                list::pages_and_walks_of_a_long_list_equal_the_sorted_traces,
                list::a_walk_by_cursor_shows_every_match_once_and_in_order,
                list::a_page_far_beyond_the_end_is_empty_and_knows_the_total,
                list::the_few_matches_in_a_long_window_are_found_page_by_page,
                list::traces_of_one_moment_come_in_the_order_of_arrival_newest_first,
                list::the_newest_trace_is_the_one_that_started_last,
                idempotence::traces_sent_again_in_any_cut_count_once_and_the_first_version_stays,
                idempotence::traces_sent_by_many_at_once_count_once,
                score::scores_and_traces_in_any_order_give_the_mean_everywhere,
                score::a_score_replaced_a_hundred_times_leaves_no_drift,
                score::a_score_without_a_trace_shows_nowhere,
                score::restored_scores_fill_in_what_is_missing_or_older_and_never_count_twice,
                search::spans_that_hold_a_text_are_found_in_the_order_of_their_start,
                thread::a_session_or_user_read_page_by_page_equals_brute_force,
                thread::sessions_and_users_of_a_window_equal_brute_force,
                thread::a_thread_is_of_one_workspace_and_of_one_kind,
                thread::sums_too_large_to_keep_are_no_error_where_the_engine_counts_further,
                detail::everything_comes_back_as_it_was_sent,
                detail::what_of_a_span_is_long_comes_with_the_whole_span_alone,
                detail::a_trace_of_three_thousand_spans_comes_back_whole_and_in_order,
                detail::of_payloads_that_are_too_many_for_one_answer_some_are_left_out,
                detail::an_empty_payload_is_nothing_and_no_metadata,
                detail::a_trace_is_seen_by_its_own_workspace_alone,
                concurrency::readers_see_whole_batches_while_they_are_written,
                alert::alerts_come_newest_first_by_workspace_and_severity,
                alert::any_filter_of_alerts_equals_brute_force,
                alert::an_alert_kept_twice_is_there_once,
                alert::a_group_of_a_rule_has_one_alert_that_lasts_and_any_that_are_over,
                alert::an_alert_comes_back_with_everything_to_its_own_workspace,
                alert::an_alert_is_acknowledged_once_by_its_own_workspace_while_it_lasts,
                alert_rule::many_who_begin_a_workspace_give_it_its_rules_once,
                alert_rule::a_rule_comes_back_as_it_was_given_to_its_own_workspace,
                alert_rule::a_rule_is_changed_by_whoever_saw_its_last_version,
                alert_rule::a_workspace_has_so_many_rules_and_takes_as_many_from_elsewhere,
                alert_rule::a_channel_comes_back_with_its_secret_to_its_own_workspace,
                alert_rule::a_workspace_has_so_many_channels,
                alert_turn::a_rule_is_one_workers_until_its_lease_is_over_or_it_was_evaluated,
                alert_turn::the_rules_that_waited_longest_are_taken_first_and_many_takers_share_them,
                alert_turn::an_evaluation_of_a_rule_that_was_changed_meanwhile_is_void,
                alert_turn::what_came_of_an_evaluation_is_all_there_the_next_time,
                alert_turn::what_cannot_be_kept_of_an_evaluation_leaves_nothing_of_it,
                alert_delivery::a_delivery_is_tried_until_it_arrives_or_is_given_up,
                alert_delivery::of_an_alert_a_channel_is_told_one_thing_after_the_other,
                alert_delivery::a_channel_has_so_many_deliveries_under_way_the_oldest_first,
                alert_delivery::many_who_deliver_share_what_there_is,
                alert_delivery::what_a_channel_was_told_is_forgotten_with_it_or_in_time,
                price::a_price_comes_back_as_it_was_given_to_its_own_workspace,
                price::a_price_of_the_same_model_and_provider_takes_the_other_s_place,
                price::a_workspace_has_so_many_prices_and_may_replace_each,
                price::a_pricing_of_a_window_is_begun_once_while_it_is_under_way,
                price::a_pricing_is_one_worker_s_until_its_lease_is_over,
                price::many_who_want_a_pricing_share_it_out_one_gets_it,
                reopen::a_closed_store_fails_its_ping,
                recost::traces_and_figures_follow_costs_that_become_others,
                recost::a_trace_sent_whole_has_its_spans_costs_only_where_it_had_them_before,
                recost::what_came_by_itself_counts_nothing_in_a_trace_sent_whole,
                recost::usage_is_read_page_by_page_in_the_order_of_starts,
                gather::spans_in_any_order_make_the_same_traces_and_figures,
                gather::usage_of_a_parent_that_sums_up_its_children_counts_once,
                gather::a_trace_that_waits_is_promoted_when_nothing_has_come_for_long_enough,
                gather::the_resource_of_the_outermost_span_is_the_metadata,
                gather::traces_of_more_spans_than_are_in_memory_at_once_are_promoted_written_to_and_read,
                gather::no_more_spans_of_a_trace_are_kept_than_one_may_have,
                gather::a_trace_sent_whole_keeps_its_figures_and_shows_what_came_by_itself,
            ],
            databases: [
                atomicity::a_batch_with_one_bad_trace_leaves_nothing_behind,
                atomicity::a_batch_sent_again_stores_no_payload_twice,
                reopen::everything_is_there_after_close_and_reopen,
                migration::a_database_that_the_first_version_filled_is_brought_up_to_date,
                reopen::opening_again_migrates_nothing,
                concurrency::two_stores_on_one_database_count_a_trace_once,
                gather::a_trace_that_cannot_be_promoted_holds_up_none_behind_it,
                gather::spans_sent_again_store_no_payload_twice,
                gather::two_stores_that_write_spans_of_the_same_traces_lose_none,
            ]
        );
    };
}

trace_store_suite!(sqlite, open_sqlite);
trace_store_suite!(postgres, open_postgres);
trace_store_suite!(timescale, open_timescale, #[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]);

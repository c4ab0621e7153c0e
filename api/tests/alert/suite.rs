//! Every scenario on every engine.

use crate::stage::Stage;
use test_support::database::{open_postgres, open_sqlite, open_timescale};

macro_rules! scenarios {
    ($engine:ident, $open:ident, #[$attribute:meta], $($subject:ident::$scenario:ident),+ $(,)?) => {
        mod $engine {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[$attribute]
            async fn $scenario() {
                let database = super::$open().await;
                let mut stage = super::Stage::on(&database).await;
                crate::$subject::$scenario(&mut stage).await;
                stage.store.close().await;
            })+
        }
    };
    ($engine:ident, $open:ident) => {
        scenarios!($engine, $open, #[cfg(all())]);
    };
    ($engine:ident, $open:ident, #[$attribute:meta]) => {
        scenarios!(
            $engine,
            $open,
            #[$attribute],
            lifecycle::rising_errors_escalate_one_alert_that_resolves_once,
            lifecycle::a_value_flapping_within_the_hysteresis_keeps_one_alert_open,
            lifecycle::a_breach_shorter_than_the_required_duration_does_not_fire,
            lifecycle::an_alert_resolves_after_a_window_without_measurements,
            lifecycle::each_agent_gets_its_own_alert,
            lifecycle::a_change_rule_fires_only_if_its_baseline_has_data,
            lifecycle::rules_evaluate_only_traces_of_their_own_workspace,
            lifecycle::an_alert_describes_its_values_and_its_largest_contributor,
            lifecycle::missing_requests_fire_a_rule_with_a_lower_bound,
            silence::a_silent_agent_fires_until_it_sends_traces_again,
            silence::downtime_of_the_server_does_not_count_as_silence,
            silence::a_silence_alert_stays_open_during_downtime_of_the_server,
            notification::a_muted_rule_notifies_about_open_alerts_when_the_mute_ends,
            notification::reminders_stop_after_acknowledgement,
            notification::channels_receive_alerts_of_rules_that_name_them_from_their_minimum_severity,
            notification::alerts_of_a_rule_that_change_at_once_share_a_message_per_channel,
            rule::disabling_a_rule_resolves_its_alerts_and_resets_its_state,
            rule::deleting_a_rule_resolves_its_alerts,
            rule::changing_what_a_rule_measures_resolves_its_alerts_and_resets_its_state,
            rule::an_open_alert_follows_new_thresholds,
            rule::restored_alerts_continue_without_rule_state,
            fault::late_traces_count_in_windows_that_still_contain_them,
            fault::a_restarted_evaluator_continues_from_stored_state,
            fault::another_evaluator_takes_over_when_a_lease_expires,
            fault::an_evaluator_catches_up_after_downtime,
            fault::concurrent_evaluators_raise_and_notify_once,
            workspace::the_first_traces_of_a_workspace_create_its_default_rules_once,
            scale::evaluates_a_thousand_rules_in_one_round,
            scale::a_rule_evaluates_no_more_groups_than_the_limit,
            preview::a_preview_shows_the_alerts_that_evaluation_raises,
            preview::preview_values_equal_brute_force,
        );
    };
}

scenarios!(sqlite, open_sqlite);
scenarios!(postgres, open_postgres);
scenarios!(timescale, open_timescale, #[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]);

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
            life::errors_that_rise_warn_then_get_critical_and_are_over_once,
            life::a_value_that_flaps_within_the_hysteresis_is_one_alert,
            life::what_does_not_last_long_enough_does_not_fire,
            life::an_alert_is_over_when_nothing_was_measured_for_a_window,
            life::each_agent_has_an_alert_of_its_own,
            life::what_changed_against_the_day_before_fires_and_without_a_day_before_nothing_does,
            life::a_workspace_s_rules_see_its_own_traces_alone,
            life::an_alert_says_what_happened_in_numbers_and_who_did_it,
            life::requests_that_stay_away_fall_below,
            silence::an_agent_that_falls_silent_is_missed_until_it_is_back,
            silence::nobody_is_missed_while_the_server_itself_was_away,
            silence::an_agent_that_was_missed_before_the_server_went_away_still_is,
            tell::while_muted_alerts_live_and_after_it_what_lasts_is_told,
            tell::reminders_come_until_somebody_is_on_it,
            tell::channels_are_told_what_is_bad_enough_for_them_by_the_rules_that_name_them,
            rule::a_rule_that_is_switched_off_ends_its_alerts_and_begins_anew_when_it_is_on,
            rule::a_rule_that_is_removed_ends_its_alerts_and_goes,
            rule::a_rule_that_measures_something_else_ends_its_alerts_and_begins_anew,
            rule::an_alert_goes_on_under_new_thresholds,
            rule::alerts_that_came_from_elsewhere_without_memory_go_on,
            fault::late_traces_count_in_the_windows_that_still_hold_them,
            fault::who_starts_again_goes_on_where_another_stopped,
            fault::who_dies_in_the_middle_is_followed_when_the_lease_is_over,
            fault::what_happened_while_nobody_evaluated_is_caught_up_with,
            fault::two_who_evaluate_at_once_raise_and_tell_everything_once,
            workspace::the_first_traces_of_a_workspace_bring_it_its_rules_once,
            many::a_thousand_rules_are_evaluated_together,
            many::a_rule_has_no_more_groups_than_it_may_have,
            agree::a_preview_shows_what_evaluation_finds,
            agree::a_preview_s_values_equal_brute_force,
        );
    };
}

scenarios!(sqlite, open_sqlite);
scenarios!(postgres, open_postgres);
scenarios!(timescale, open_timescale, #[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]);

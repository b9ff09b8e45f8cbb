//! One suite of the store, run on SQLite (a file) and on PostgreSQL (a fresh database for each test).

mod bed;
mod boards;
mod claims;
mod controls;
mod exams;
mod looks;
mod people;
mod persons;
mod policies;
mod readings;
mod sync;
mod verdicts;

/// Runs each named function of a module on both databases.
macro_rules! on_both {
    ($($module:ident :: { $($test:ident),+ $(,)? }),+ $(,)?) => {
        mod sqlite {
            $($(#[test] fn $test() { crate::bed::run_sqlite(crate::$module::$test); })+)+
        }
        mod postgres {
            $($(#[test] fn $test() { crate::bed::run_postgres(crate::$module::$test); })+)+
        }
    };
}

on_both! {
    exams::{
        an_exam_imported_twice_is_the_same_exam,
        a_closed_exam_refuses_another_plan_and_new_pages,
        an_exam_with_open_work_does_not_close,
        pages_taken_in_twice_add_nothing,
        the_outbox_gives_a_page_again_when_its_lease_has_lapsed,
        a_page_is_read_by_one_process_at_a_time,
        the_exam_whose_limit_ends_first_is_read_first_and_a_raised_packet_before_it,
        what_another_process_did_is_seen,
        an_excluded_page_leaves_the_work_with_its_tasks,
        stats_count_every_page_and_task_once,
        several_processes_may_open_a_new_database_at_once,
    },
    readings::{
        a_reading_saved_twice_changes_nothing,
        a_reading_cut_off_half_way_leaves_nothing,
        a_page_set_aside_can_be_read_again,
        cut_outs_come_with_the_reading_and_go_when_the_exam_closes,
        another_engine_replaces_the_doubts_nobody_settled,
        readings_come_in_parts_without_holes,
    },
    policies::{
        each_change_is_a_row_and_the_last_one_holds,
        a_closed_exam_keeps_its_policy,
        a_page_looked_at_again_keeps_what_people_did,
        a_field_that_nobody_has_goes_to_the_other_station,
        work_that_somebody_began_is_not_withdrawn,
        nobody_is_asked_again_about_what_the_senior_settled,
        a_change_is_carried_by_one_process_and_goes_on_where_a_dead_one_stopped,
        tasks_of_an_older_policy_are_refused_and_a_pending_one_keeps_the_exam_open,
    },
    claims::{
        twenty_people_claiming_at_once_never_share_a_task,
        a_lapsed_lease_comes_back_and_a_renewed_one_does_not,
        a_reloaded_page_shows_the_same_tasks,
        fields_of_one_class_and_page_come_together,
        a_claim_sees_only_its_station_and_exam,
    },
    boards::{
        a_board_confirms_corrects_and_leaves_in_one_go,
        a_field_in_hand_at_one_station_is_not_at_the_other,
        a_field_waits_for_all_its_characters,
        an_undone_board_waits_again_in_the_same_hands,
        a_verdict_on_the_whole_field_takes_its_characters_off_the_boards,
        a_known_answer_is_shown_to_another_person_once_and_compared,
        a_character_that_may_not_stand_there_stops_the_whole_board,
        a_known_answer_of_an_exam_that_was_closed_does_not_cost_the_board,
    },
    controls::{
        a_known_field_is_shown_once_to_whom_has_not_read_it_and_nothing_follows,
        a_second_reading_is_known_with_what_the_first_one_said,
        the_answer_taken_back_first_is_the_last_one_given,
        an_answer_to_a_known_field_needs_it_in_hand_and_is_stored_once,
    },
    persons::{
        persons_and_fields_are_claimed_and_counted_apart,
        people_claiming_at_once_never_share_a_person,
        an_asked_person_waits_for_the_senior_and_is_the_same_question,
        each_station_takes_back_its_own_last_verdict,
    },
    looks::{
        a_packet_counts_each_page_once_on_its_way,
        findings_of_a_page_are_those_of_its_current_reading,
        a_watched_file_is_known_by_its_place_size_and_time,
    },
    sync::{
        syncing_inserts_obsoletes_and_reopens_but_leaves_settled_tasks,
        a_prefix_does_not_touch_its_neighbours,
        two_syncs_at_once_leave_one_of_the_lists,
    },
    verdicts::{
        a_double_click_records_one_verdict,
        a_verdict_needs_the_task_in_hand,
        a_verdict_that_fails_half_way_leaves_nothing,
        undo_reopens_the_task_and_keeps_the_verdict,
        undo_puts_an_excluded_page_back,
        undo_stops_where_somebody_acted_on_it,
        a_rescan_stays_open_for_the_senior,
        the_audit_chain_shows_a_changed_row,
        twenty_verdicts_at_once_make_one_chain,
    },
    people::{
        a_login_is_taken_once,
        a_session_ends_with_its_time_or_its_user,
        a_session_lapses_when_idle_and_lives_while_it_is_used,
        an_auditor_is_a_user_whose_verdicts_are_refused,
        a_package_name_is_given_to_one_file,
        a_moved_installation_has_every_row_and_opens_no_more,
        an_installation_is_moved_only_into_an_empty_database_and_a_cut_off_move_ends_well,
        a_setting_keeps_its_last_value,
    },
}

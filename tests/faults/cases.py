"""What may go wrong around a run, case by case: the tests that show it, or why none can.

A case is a name of ours, and the tests by which it is shown, as ``file::name`` below ``tests/``. A
case that begins with ``not here:`` cannot be provoked on the machines that run the suite.
"""

from collections.abc import Mapping

#: Of processes.
PROCESSES: Mapping[str, tuple[str, ...]] = {
    "pytest is killed": ("emulated/test_killed_runs.py::test_nothing_stays",),
    "a worker of pytest-xdist is killed": (
        "plugin/test_parallel.py::test_a_test_that_kills_its_worker_runs_once",
        "plugin/test_html.py::test_both_boards_are_side_by_side_and_a_dead_worker_has_a_row",
    ),
    "SIGTERM to pytest, and to all of it": (
        "emulated/test_killed_runs.py::test_nothing_stays",
        "faults/test_signals.py::test_all_of_it_is_told_to_end",
    ),
    "Ctrl-C, once and twice": (
        "emulated/test_killed_runs.py::test_nothing_stays",
        "faults/test_signals.py::test_an_impatient_user",
    ),
    "the terminal is closed (SIGHUP)": ("faults/test_signals.py::test_all_of_it_is_told_to_end",),
    "QEMU is killed": (
        "emulated/test_ends.py::test_qemu_killed_in_a_wait",
        "emulated/test_ended.py::test_a_machine_that_is_killed_is_told_alike_before_and_after",
    ),
    "QEMU ignores SIGTERM": (
        "integration/test_process.py::test_a_program_that_ignores_sigterm_is_killed",
        "emulated/test_ends.py::test_a_stopped_qemu_is_ended_all_the_same",
    ),
    "QEMU ends at once": (
        "emulated/test_ends.py::test_qemu_that_refuses_its_arguments",
        "faults/test_strange_qemus.py::test_one_that_ends_at_once",
    ),
    "QEMU is missing, too old, or none of this machine": (
        "emulated/test_ends.py::test_qemu_that_is_not_there",
        "plugin/test_mistakes.py::test_a_missing_qemu",
        "integration/test_commands_doctor.py::test_an_old_qemu_does_not_stop_a_run",
        "integration/test_commands_doctor.py::test_a_machine_that_qemu_does_not_have",
    ),
    "QEMU is stopped (SIGSTOP)": (
        "emulated/test_guest_time.py::test_a_stopped_emulator_is_not_a_silent_firmware",
        "emulated/test_load.py::test_stopped_for_longer_than_a_silence",
        "faults/test_strange_qemus.py::test_one_that_is_stopped_for_good",
        "faults/test_strange_qemus.py::test_one_that_says_nothing",
    ),
    "a build forks without end": (
        "containers/test_hostile_builds.py::test_a_fork_bomb_is_held",
        "integration/test_process.py::test_children_of_the_program_go_too",
    ),
    "a fixture raises after the boot": ("faults/test_signals.py::test_a_fixture_that_breaks",),
    "a machine is booted in a thread that ends": (
        "faults/test_strange_qemus.py::test_the_thread_that_booted_it_ends",
    ),
    "a test forks, and its child outlives us": (
        "faults/test_forks.py::test_a_program_ends_with_us",
        "faults/test_forks.py::test_a_container_ends_with_us",
    ),
}

#: Of Docker.
DOCKER: Mapping[str, tuple[str, ...]] = {
    "no daemon": (
        "integration/test_engine_errors.py::test_no_socket",
        "plugin/test_mistakes.py::test_a_daemon_that_is_down",
    ),
    "no right to its socket": (
        "integration/test_engine_errors.py::test_a_refused_user_is_told_of_the_group",
    ),
    "the daemon dies": (
        "containers/test_hostile_builds.py::test_a_daemon_that_dies_is_named",
        "faults/test_daemons.py::test_one_that_dies_while_a_guest_runs_is_no_fault_of_the_guest",
        "faults/test_killed_daemons.py::test_one_that_is_killed_in_mid_build",
        "faults/test_killed_daemons.py::test_one_that_is_restarted_in_mid_build",
        "faults/test_killed_daemons.py::test_one_that_is_killed_under_a_guest",
    ),
    "the daemon accepts and says nothing": (
        "integration/test_engine_errors.py::test_a_daemon_that_accepts_and_never_answers",
        "faults/test_daemons.py::test_one_that_falls_mute_in_mid_build_is_named",
        "faults/test_daemons.py::test_a_build_that_is_only_long_goes_on",
        "faults/test_daemons.py::test_one_that_falls_mute_while_a_guest_runs_is_no_fault_of_the_guest",
    ),
    "no image, and no pull": ("containers/test_image.py::test_a_name_that_nobody_has",),
    "a container takes too much memory, or is killed": (
        "containers/test_container_runner.py::test_a_build_over_its_memory",
        "containers/test_hostile_builds.py::test_a_container_that_is_killed_is_named",
        "containers/test_hostile_builds.py::test_a_build_that_kills_itself_is_told_as_killed",
    ),
    "the client is killed": (
        "containers/test_engine.py::test_kill_9_of_the_owner_ends_the_container",
        "containers/test_engine.py::test_it_ends_at_its_own_deadline",
    ),
    "a daemon elsewhere": ("faults/test_daemons.py::test_one_that_is_reached_by_the_network",),
    "not here: rootless Docker, and Podman": (),
    "a context that leads nowhere": (
        "faults/test_daemons.py::test_a_context_that_leads_nowhere_is_named",
    ),
    "leftovers of another run, and containers of others": (
        "containers/test_engine.py::test_the_sweep_takes_only_our_own_leftovers",
        "faults/test_clocks.py::test_a_container_in_use_is_no_leftover_when_the_clock_jumps",
    ),
    "not here: another version of the daemon's API": (),
}

#: Of what firmware prints.
SERIAL: Mapping[str, tuple[str, ...]] = {
    "no byte ever": ("emulated/test_watched.py::test_silence",),
    "words without progress": (
        "emulated/test_watched.py::test_repetition",
        "emulated/test_watched.py::test_boot_loop",
    ),
    "a flood": (
        "emulated/test_watched.py::test_a_flood_nobody_listens_to_ends_quickly",
        "unit/console/test_console_watch.py::test_flood_in_total_keeps_draining",
    ),
    "a line without end": ("emulated/test_watched.py::test_flood_without_newline_and_a_quick_end",),
    "bytes that are no text": (
        "emulated/test_machine.py::test_garbage",
        "unit/console/test_console.py::test_garbage_never_fails_to_decode",
        "unit/console/test_hidden.py::test_the_text_is_the_same_wherever_it_is_cut",
    ),
    "escape sequences": (
        "unit/console/test_console.py::test_sequences_torn_anywhere_come_out_the_same",
        "unit/console/test_hidden.py::test_a_fault_is_found_while_a_title_is_still_open",
    ),
    "markup in logs and names": (
        "plugin/test_html.py::test_hostile_text_stays_text",
        "plugin/test_html.py::test_the_browser_would_show_an_attack",
    ),
    "commands for GitHub's runner": (
        "workflow/test_hostile.py::test_on_github_nothing_is_obeyed_but_our_annotations",
        "unit/test_annotations.py::test_no_echoed_line_is_a_command",
    ),
    "markup in the summary": ("unit/test_github.py::test_nothing_hostile_becomes_markup",),
    "what is no XML": (
        "plugin/test_renderings.py::test_the_json_keeps_every_outcome_with_its_cause",
    ),
    "words of another in a firmware's mouth": (
        "unit/test_qemu_command.py::test_no_guest_can_know_what_begins_the_words_of_qemu",
    ),
    "line ends of every kind": ("unit/console/test_console.py::test_line_ends_do_not_matter",),
    "a text torn between two reads": (
        "unit/console/test_console_watch.py::test_a_fault_torn_between_two_reads_is_seen",
        "integration/test_pauses.py::test_pauses_at_every_byte_change_no_verdict",
    ),
    "a panic after the last line": (
        "emulated/test_watched.py::test_late_panic_is_found_by_check",
        "emulated/test_guest_time.py::test_a_panic_soon_after_the_last_assertion_is_seen",
    ),
    "a reader that is slow": (
        "integration/test_console_filter.py::test_a_filter_that_hangs_ends_with_the_console",
        "unit/console/test_console.py::test_a_guest_that_does_not_read_is_stuck",
    ),
}

#: Of files.
FILES: Mapping[str, tuple[str, ...]] = {
    "a full disk": (
        "emulated/test_boot_facts.py::test_a_full_disk_turns_no_verdict",
        "integration/test_cache.py::test_a_full_disk_is_a_sentence_and_leaves_no_half_entry",
        "integration/test_caching.py::test_a_disk_that_takes_no_sources_is_a_sentence",
        "integration/test_written_files.py::test_a_full_disk_costs_the_files_and_is_said_once",
        "plugin/test_renderings.py::test_a_json_that_cannot_be_written_is_no_success",
        "faults/test_disks.py::test_a_full_disk_costs_no_verdict",
        "faults/test_disks.py::test_where_no_artifacts_fit_no_test_runs",
    ),
    "a tree, or a home, that cannot be written": (
        "faults/test_disks.py::test_a_tree_that_cannot_be_written",
        "plugin/test_first_steps.py::test_without_a_home",
    ),
    "names with anything in them": (
        "containers/test_engine.py::test_a_path_with_colon_space_and_umlaut_is_mounted",
        "unit/test_artifacts.py::test_any_test_has_a_safe_name",
        "emulated/test_machine.py::test_loaders_and_a_comma_in_the_path",
        "faults/test_disks.py::test_a_folder_with_an_odd_name",
    ),
    "a checkout behind a link": ("faults/test_disks.py::test_a_folder_behind_a_link",),
    "a file system without locks": (
        "faults/test_locks.py::test_a_file_system_without_locks_is_told",
    ),
    "a cache entry that somebody damaged": (
        "integration/test_cache.py::test_a_damaged_entry_is_built_again",
        "integration/test_cache.py::test_an_entry_without_its_record_is_built_again",
    ),
    "two runs with one cache": (
        "integration/test_cache.py::test_four_processes_at_once_build_once",
        "plugin/test_parallel.py::test_two_runs_at_once_share_one_build",
    ),
    "who holds a lock is killed, or stands still": (
        "integration/test_slots.py::test_who_waits_says_so_and_a_killed_holder_frees_its_slot",
        "faults/test_locks.py::test_who_builds_is_named_and_waited_for",
        "faults/test_locks.py::test_who_is_stopped_is_told_as_that_and_may_go_on",
        "faults/test_locks.py::test_who_stays_stopped_is_not_waited_for",
        "faults/test_locks.py::test_who_is_stopped_with_a_slot_is_named",
    ),
    "a cache of another version": ("faults/test_disks.py::test_a_cache_of_a_later_version_stays",),
    "a strict umask": ("faults/test_disks.py::test_a_strict_umask",),
    "a clock that jumps": (
        "faults/test_clocks.py::test_a_container_in_use_is_no_leftover_when_the_clock_jumps",
        "faults/test_clocks.py::test_a_reset_is_told_in_its_place_when_the_clock_jumps",
        "faults/test_clocks.py::test_nothing_waits_by_the_clock_on_the_wall",
    ),
}

#: Of ELFs.
ELFS: Mapping[str, tuple[str, ...]] = {
    "no ELF, or half of one": (
        "unit/test_elf.py::test_an_empty_file",
        "unit/test_elf.py::test_a_truncated_file",
        "unit/test_elf.py::test_a_file_that_is_no_elf",
    ),
    "one for another machine": (
        "unit/test_elf.py::test_another_machine",
        "unit/test_elf.py::test_another_class_and_byte_order",
    ),
    "parts behind its end": (
        "unit/test_elf.py::test_a_section_that_ends_behind_the_file",
        "unit/test_elf.py::test_a_segment_that_ends_behind_the_file",
    ),
    "a bomb in a compressed section": (
        "unit/test_elf.py::test_a_compressed_section_is_not_unpacked",
    ),
    "65535 sections": ("unit/test_elf.py::test_65535_sections",),
    "no sections": (
        "unit/test_elf.py::test_without_section_headers_the_segments_stand_in",
        "unit/test_size.py::test_stripped_files_are_measured_by_their_segments",
    ),
    "sections over each other": ("unit/test_size.py::test_overlapping_sections_count_once",),
    "a .bss of 4 GB": ("unit/test_elf.py::test_a_bss_of_4_gb_takes_no_time_and_no_memory",),
    "names of garbage": (
        "unit/test_elf.py::test_garbage_in_a_name_is_no_crash",
        "unit/test_elf.py::test_any_bytes_are_an_elf_or_a_sentence",
    ),
}

#: Of pytest.
PYTEST: Mapping[str, tuple[str, ...]] = {
    "no xdist, no html, no docker": ("plugin/test_manners.py::test_without_xdist_html_and_docker",),
    "switched off": ("plugin/test_manners.py::test_it_can_be_switched_off",),
    "strict": ("plugin/test_runs.py::test_strict_warnings_and_no_cache_are_fine",),
    "every way to distribute": ("plugin/test_parallel.py::test_every_way_has_the_same_outcomes",),
    "a run that stops early, or only collects": (
        "plugin/test_parallel.py::test_a_run_that_stops_early_has_no_other_outcomes",
        "plugin/test_parallel.py::test_last_failed_runs_those_and_builds_nothing",
        "plugin/test_runs.py::test_collect_only_builds_nothing",
        "plugin/test_runs.py::test_questions_touch_neither_docker_nor_qemu",
    ),
    "reruns": ("plugin/test_parallel.py::test_reruns_boot_anew_and_build_nothing",),
    "a pytest in a pytest": ("plugin/test_runs.py::test_arch_selects_the_ids",),
    "not here: each pytest and Python in one run; nox runs the oldest, CI the others": (),
}

#: Of semihosting.
SEMIHOSTING: Mapping[str, tuple[str, ...]] = {
    "a guest that opens files of the host": (
        "emulated/test_contained.py::test_what_is_not_on_the_list_is_not_there",
        "containers/test_contained_emulator.py::test_nothing_of_the_image_or_of_us",
    ),
    "a guest that waits for a key": (
        "faults/test_strange_qemus.py::test_a_guest_that_waits_for_a_key_in_a_call",
    ),
}

#: Of CI.
CI: Mapping[str, tuple[str, ...]] = {
    "a job that is cancelled": (
        "workflow/test_steps.py::test_a_cancelled_job_still_has_its_reports",
    ),
    "more than a summary takes": (
        "unit/test_github.py::test_more_than_github_takes_is_left_out_with_a_sentence",
    ),
    "more than ten annotations": (
        "unit/test_annotations.py::test_at_most_ten_and_the_gravest_first",
    ),
    "not here: a fork without secrets, for the plugin needs none and notifies nobody": (),
    "not here: a webhook that is down, for the plugin calls none": (),
}

ALL = (PROCESSES, DOCKER, SERIAL, FILES, ELFS, PYTEST, SEMIHOSTING, CI)

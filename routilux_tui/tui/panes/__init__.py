"""The panes of a job: one file each.

A new pane is a class here below `pane.Pane`, or below `pane.SectionPane` if it shows one of a job's
lists. It says by `target` what stands in a row, by `show_insight` what it takes of all that is
measured, and has a name in

- `tui.screens.job_panes.PanesLayer`, which makes it; what is asked for it alone, as the timeline's
  picture and what handlers printed, `tui.screens.job` asks for;
- `tui.actions.JOB_ACTIONS`: the key that goes there, its `key_shown`; the digits are taken, so that
  another one's is a letter;
- `layout`, if it has a place of its own; any other is seen where the reader chose it;
- for a list: `views.shapes.SECTIONS`, `views.sections.ITEMS`, `views.rows.ROWS`, and either
  `views.shapes.APPENDED` (its rows only grow) or `runner.backend._IN_PLACE`;
- for what is measured: `views.insight` (`PARTS` and `Insight`), `views.projection`.

By itself it is known to `cli.tail` (``--of``), if its rows only grow; a sentence of `views.why` or
`views.hold_ups` leads to it by its key.

``tests/extension_points/test_new_pane.py`` checks all of them, and says which is missing.
"""

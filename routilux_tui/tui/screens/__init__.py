"""The screens: the list of jobs, one job, and the dialogs over them."""

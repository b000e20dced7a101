"""What `routilux-tui run FLOW` makes of the words that a user gives."""

from __future__ import annotations

import sys

import pytest

from routilux_tui import Flow, Routine
from routilux_tui.errors import FlowLoadError, UsageError
from routilux_tui.flow.loading import check_params, load_flow

HEAD = """
from routilux_tui import Flow, Routine

class Step(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
    def go(self, **data):
        pass
"""


@pytest.fixture(autouse=True)
def imports_stay_here(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def script(tmp_path):
    def write(text, name="work.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEAD + text)
        return str(path)

    return write


FACTORY = """
def make(size: int = 3) -> Flow:
    flow = Flow("made")
    flow.add_routine(Step(), f"step{size}")
    return flow
"""


class TestWhatIsMeant:
    def test_the_only_flow_of_a_file(self, script):
        flow, params = load_flow(script("flow = Flow('one')\n"), {"x": 1})
        assert flow.flow_id == "one"
        assert params == {"x": 1}

    def test_a_flow_by_its_name(self, script):
        path = script("first = Flow('one')\nsecond = Flow('two')\n")
        assert load_flow(f"{path}:second")[0].flow_id == "two"

    def test_a_factory_gets_the_parameters_that_it_names_and_the_entry_the_rest(self, script):
        flow, params = load_flow(f"{script(FACTORY)}:make", {"size": 5, "folder": "/tmp"})
        assert list(flow.routines) == ["step5"]
        assert params == {"folder": "/tmp"}

    def test_the_only_factory_of_a_file(self, script):
        assert load_flow(script(FACTORY))[0].flow_id == "made"

    def test_a_factory_that_says_nothing_of_what_it_returns_is_told_by_its_name(self, script):
        path = script("def make_flow():\n    return Flow('f')\n\ndef other():\n    return 3\n")
        assert load_flow(path)[0].flow_id == "f"

    def test_a_flow_and_the_factory_that_made_it_are_one_flow(self, script):
        assert load_flow(script(FACTORY + "\nflow = make()\n"))[0].flow_id == "made"

    def test_a_module_of_a_package(self, script, tmp_path, monkeypatch):
        script("flow = Flow('dotted')\n", "some_package_x/inner.py")
        (tmp_path / "some_package_x/__init__.py").touch()
        monkeypatch.chdir(tmp_path)
        assert load_flow("some_package_x.inner:flow")[0].flow_id == "dotted"

    def test_the_files_folder_is_importable(self, script):
        script("NAME = 'from beside'\n", "beside_this_one.py")
        path = script("from beside_this_one import NAME\nflow = Flow(NAME)\n")
        assert load_flow(path)[0].flow_id == "from beside"

    @pytest.mark.parametrize("name", ["json", "time", "pytest"])
    def test_a_file_named_like_a_module_that_is_loaded_spoils_nothing(self, script, name):
        before = sys.modules[name]
        assert load_flow(script("flow = Flow()\n", f"{name}.py"))[0].flow_id == name
        assert sys.modules[name] is before

    def test_a_flow_without_a_name_goes_by_that_of_its_file(self, script):
        flow, _ = load_flow(script("flow = Flow()\n", "nightly.py"))
        assert flow.flow_id == "nightly"
        assert not flow.is_named

    def test_a_script_that_makes_and_runs_its_flow_under_main_is_not_run(self, script):
        path = script("flow = Flow('f')\nif __name__ == '__main__':\n    raise SystemExit(3)\n")
        assert load_flow(path)[0].flow_id == "f"


class TestWhatIsWrong:
    def refused(self, spec, params=None):
        with pytest.raises(FlowLoadError) as caught:
            load_flow(spec, params)
        return caught.value

    def test_a_file_that_does_not_exist(self):
        assert "does not exist" in str(self.refused("/nowhere/work.py"))

    def test_a_folder(self, tmp_path):
        assert "regular file" in str(self.refused(f"{tmp_path}/"))

    def test_a_module_that_does_not_exist(self):
        assert "no module" in str(self.refused("no_such_module_here:flow"))

    def test_a_module_that_the_flow_needs_and_that_is_not_there(self, script):
        error = self.refused(script("import no_such_module_here\nflow = Flow()\n"))
        assert "No module named 'no_such_module_here'" in str(error)
        assert "work.py" in error.traceback

    def test_several_flows_and_no_name_lists_them(self, script):
        error = self.refused(script("first = Flow('1')\nsecond = Flow('2')\n"))
        assert "more than one" in str(error)
        assert ":first" in error.hint
        assert ":second" in error.hint

    def test_a_wrong_name_lists_what_there_is(self, script):
        error = self.refused(f"{script(FACTORY)}:build")
        assert "no 'build'" in str(error)
        assert "make" in error.hint

    def test_a_flow_made_under_main_gets_a_hint(self, script):
        error = self.refused(script("if __name__ == '__main__':\n    flow = Flow('f')\n"))
        assert "no flow" in str(error)
        assert "__main__" in error.hint

    def test_a_name_that_is_no_flow(self, script):
        error = self.refused(f"{script('flow = 3' + chr(10))}:flow")
        assert "neither a Flow nor" in str(error)

    def test_a_factory_that_returns_something_else(self, script):
        error = self.refused(f"{script('def make(): return 3' + chr(10))}:make")
        assert "returned a int" in str(error)

    def test_a_factory_that_needs_a_parameter_says_which(self, script):
        error = self.refused(f"{script('def make(size): return Flow()' + chr(10))}:make")
        assert "'size'" in str(error)
        assert "-p size=" in error.hint

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("raise RuntimeError('at import')\n", "at import"),
            ("def make_flow():\n    raise RuntimeError('in factory')\n", "in factory"),
            ("import sys\nsys.exit(4)\n", "SystemExit"),
            ("this is no python\n", "SyntaxError"),
        ],
    )
    def test_the_users_own_error_comes_with_its_traceback_and_without_our_frames(
        self, script, text, word
    ):
        error = self.refused(script(text))
        assert word in str(error)
        assert "work.py" in error.traceback
        assert "loading.py" not in error.traceback
        assert "importlib" not in error.traceback

    def test_a_flow_of_the_real_routilux_says_what_to_change(self, script):
        path = script("class Flow2: pass\ndef make_flow(): return Flow2()\n")
        assert "routilux_tui" in self.refused(path).hint


@pytest.mark.parametrize(
    ("handler", "given", "told"),
    [
        (lambda folder="", pace=0: None, {"foldr": 1}, "'foldr'. It has: folder, pace."),
        (lambda folder, pace=0: None, {"folder": 1, "pase": 1}, "'pase'. It has: folder, pace."),
        (lambda every=1: None, {"evry": 1}, "'evry'. It has: every."),
        (lambda: None, {"x": 1}, "'x'. It has: none."),
        (lambda folder="", pace=0: None, {"pace": 1}, ""),
        (lambda folder="", pace=0: None, {}, ""),
        (lambda order, limit=0: None, {"amount": 1}, ""),  # the first is given the whole
        (lambda data: None, {"x": 1}, ""),
        (lambda **more: None, {"x": 1}, ""),
        (lambda *words: None, {"x": 1}, ""),
        (None, {"x": 1}, ""),
    ],
)
def test_a_parameter_that_the_entry_does_not_have_is_told(handler, given, told):
    flow = Flow("f")
    routine = Routine()
    routine.define_slot("trigger", handler)
    flow.add_routine(routine, "find")
    if not told:
        check_params(flow, "find", given)
        return
    with pytest.raises(UsageError) as caught:
        check_params(flow, "find", given)
    assert str(caught.value) == f"Routine 'find', the entry, has no parameter {told}"

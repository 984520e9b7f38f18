"""Every bug of the wrong chip is caught by a scenario, and without a bug every scenario passes.

usage: wrong_chip_test.py PROGRAM            the test: each bug against the scenario that
                                             docs/wrong-chip.md names for it
       wrong_chip_test.py PROGRAM --update   finds out anew who catches what, and writes the table there
"""

import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import mutate

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "wrong-chip.md"
LIBRARY = [folder for folder in ("scenarios/linux-doc", "scenarios/field") if (ROOT / folder).is_dir()]
HEAD = ["| bug | what is wrong | caught by | which says |", "| --- | --- | --- | --- |"]
ROW = re.compile(r"\| `(\w+)` \| (.*) \| `(scenarios/[^`]+)`[^|]* \| (.*) \|$")
# A run that gets nowhere is a symptom of anything: it does not say what is wrong.
SAYS_NOTHING = re.compile(r"connections have not ended within|the event .* has not happened")
# What says it best comes first: a rule, an expectation, an error of the application.
RANKS = [re.compile(r"\bR\d: "), re.compile(r"\bfound "), re.compile("")]
SECONDS = 300  # of one check; more is a hang


def check(program, bug, paths):
    """(exit status, output, {scenario: [problem, ...]}) of `tlsnic_wrong check`."""
    environment = dict(os.environ)
    environment.pop("TLSNIC_BUG", None)
    if bug:
        environment["TLSNIC_BUG"] = bug
    with tempfile.TemporaryDirectory() as folder:
        junit = pathlib.Path(folder) / "junit.xml"
        run = subprocess.run([program, "check", *paths, "--quiet", "--jobs", "1", "--junit", junit],
                             cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, timeout=SECONDS)
        if run.returncode not in (0, 1, 2) or not junit.exists():
            return run.returncode, run.stdout, {}
        found = {}
        for case in xml.etree.ElementTree.parse(junit).iter("testcase"):
            path = f"{case.get('classname')}/{case.get('name')}"
            failure = case.find("failure")
            if failure is not None:
                lines = (failure.text or "").splitlines()
                found[path] = [line.replace(path + ": ", "", 1) for line in lines if line]
        return run.returncode, run.stdout, found


def rank(problem):
    return next(i for i, pattern in enumerate(RANKS) if pattern.search(problem))


def telling(problems):
    """The problem that says best what is wrong; None if none does."""
    return min((line for line in problems if not SAYS_NOTHING.search(line)), key=rank, default=None)


def read_table():
    rows = {}
    for line in PAGE.read_text().splitlines():
        match = ROW.match(line)
        if match:
            rows[match[1]] = (match[2], match[3])
    return rows


def test_bug(program, bug, text, rows):
    """One line that says what does not hold, or None."""
    if bug not in rows:
        return f"{bug}: no line in docs/wrong-chip.md"
    said, scenario = rows[bug]
    if said != text:
        return f"{bug}: docs/wrong-chip.md says '{said}', the list '{text}'"
    if not (ROOT / scenario).exists():
        return f"{bug}: there is no {scenario}"
    _, output, found = check(program, bug, [scenario])
    problem = telling(found.get(scenario, []))
    if problem is None:
        return f"{bug}: {scenario} does not say what is wrong: {output.strip() or 'it passes'}"
    print(f"{bug}: {problem}", flush=True)
    return None


def shorten(message, scenario):
    message = re.sub(re.escape(scenario) + r":\d+: ", "", message).replace("|", "\\|")
    return message if len(message) <= 140 else message[:137] + "..."


def row_of(bug, text, caught, catches):
    if not caught:
        return f"| `{bug}` | {text} | nothing | |"
    # The scenario to name is one that says it well, is no sweep of many runs, and is about little else.
    named = min(caught, key=lambda path: (rank(caught[path]), "(with " in caught[path], catches[path], path))
    more = f" and {len(caught) - 1} more" if len(caught) > 1 else ""
    return f"| `{bug}` | {text} | `{named}`{more} | {shorten(caught[named], named)} |"


def update(program, pool):
    all_caught = []  # by bug: {scenario: what it says}
    for _, _, found in pool.map(lambda bug: check(program, bug[0], LIBRARY), mutate.BUGS):
        said = {path: telling(problems) for path, problems in found.items()}
        all_caught.append({path: problem for path, problem in said.items() if problem})
    catches = collections.Counter(path for caught in all_caught for path in caught)
    rows = [row_of(name, text, caught, catches) for (name, text, _), caught in zip(mutate.BUGS, all_caught)]
    lines = PAGE.read_text().splitlines()
    start = lines.index(HEAD[0])
    end = next((i for i in range(start, len(lines)) if not lines[i].startswith("|")), len(lines))
    PAGE.write_text("\n".join(lines[:start] + HEAD + rows + lines[end:]) + "\n")
    missed = [row for row in rows if "| nothing |" in row]
    print("\n".join(missed) or "every bug is caught")
    return 1 if missed else 0


def test(program, pool):
    rows = read_table()
    right = pool.submit(check, program, None, LIBRARY)
    checks = [pool.submit(test_bug, program, name, text, rows) for name, text, _ in mutate.BUGS]
    wrong = [line for line in (each.result() for each in checks) if line]
    status, output, _ = right.result()
    if status != 0:
        wrong.append(f"without a bug not everything passes:\n{output}")
    wrong += [f"{bug}: in docs/wrong-chip.md, not in the lists" for bug in rows
              if bug not in {name for name, _, _ in mutate.BUGS}]
    if wrong:
        print("\n".join(wrong + [f"Once the scenarios are right: {sys.argv[0]} {program} --update"]))
    return 1 if wrong else 0


def main(arguments):
    if not arguments or arguments[1:] not in ([], ["--update"]):
        print(__doc__, file=sys.stderr)
        return 2
    program = str(pathlib.Path(arguments[0]).resolve())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return update(program, pool) if arguments[1:] else test(program, pool)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

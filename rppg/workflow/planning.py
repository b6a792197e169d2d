"""What would run of a profile, and why; what is up to date, and what another profile has already.

    plan = make_plan(load_profile("mine"), root)
    [(one.stage.label, one.why) for one in plan.planned]

A stage is up to date if its record has today's fingerprint and its files are as recorded.  If not,
the result of another profile of the same fingerprint, or of a run that was moved aside, stands in
for it.  A stage runs if neither is there, or if one that it needs runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rppg.workflow.fingerprints import fingerprint, parts_of, read_needs
from rppg.workflow.previous import is_taken
from rppg.workflow.profiles import Profile
from rppg.workflow.records import (
    DONE,
    FAILED,
    PREVIOUS,
    STARTED,
    Record,
    all_records,
    read_record,
    record_path,
)
from rppg.workflow.rerun_reasons import AT_MOST, changes, some
from rppg.workflow.stage import SHARD, Stage
from rppg.workflow.stages import stages_of


@dataclass(frozen=True)
class Planned:
    """A stage that would run."""

    stage: Stage
    parts: dict  # of its fingerprint, without what it reads
    needs: dict[str, str]  # key -> record of what it reads, relative to the project's folder
    why: list[str]
    after: list[str]  # rules of stages that run before it
    forced: bool


@dataclass(frozen=True)
class Reused:
    """A stage whose result is elsewhere."""

    stage: Stage
    record: Record

    @property
    def source(self) -> str:
        """Where from, in words: the profile, or the folder of a run that was moved aside."""
        place = self.record.folders.get("run", "")
        return place if f"/{PREVIOUS}/" in place else self.record.profile


@dataclass
class Plan:
    """The stages of a profile, as far as they are asked for, in order."""

    stages: list[Stage]
    planned: list[Planned] = field(default_factory=list)
    reused: list[Reused] = field(default_factory=list)


def make_plan(
    profile: Profile, root: Path, part: str | None = None, rerun: str | None = None
) -> Plan:
    """What would run of a profile; nothing is run or written.

    part: a stage: it and what it needs, nothing else.  rerun: a stage that runs though nothing has
    changed.  Raises ValueError for an unknown stage.
    """
    stages = stages_of(profile)
    for name in (part, rerun):
        check_stage(profile, stages, name)
    wanted = [stage for stage in stages if stage.rule in _needed(stages, part)]
    return _Planner(root, stages, wanted).plan(rerun)


def check_stage(profile: Profile, stages: Iterable[Stage], name: str | None) -> None:
    """Raises ValueError if no stage has this name."""
    names = list(dict.fromkeys(stage.name for stage in stages))
    if name is not None and name not in names:
        found = f"no stage {name!r} in {profile.name}"
        raise ValueError(f"{found}: expected one of {', '.join(names)}")


def _needed(stages: list[Stage], part: str | None) -> set[str]:
    """Rules of a stage and of all that it needs; of everything, if part is None."""
    wanted = {stage.rule for stage in stages if part in (None, stage.name)}
    for stage in reversed(stages):
        if stage.rule in wanted:
            wanted |= set(stage.needs.values())
    return wanted


class _Planner:
    def __init__(self, root: Path, stages: list[Stage], wanted: list[Stage]):
        self.root, self.stages, self.wanted = root, stages, wanted
        self.parts = parts_of(stages, root)
        self.made: dict[str, Record] = {}  # rule -> what stands for it
        self.places: dict[str, str] = {}  # rule -> where its record is
        self.donors: dict[str, list[tuple[str, Record]]] = {}
        for place, record in all_records(root):
            self.donors.setdefault(record.fingerprint, []).append((place, record))

    def plan(self, rerun: str | None) -> Plan:
        plan, running = Plan(self.wanted), set()
        for stage in (one for one in self.wanted if one.kind != SHARD):
            forced = stage.name == rerun
            after = [rule for rule in stage.needs.values() if rule in running]
            why = ["asked for"] if forced else []
            if not after and not forced and self._stands(stage, plan):
                continue
            why = why or self._reasons(stage, after)
            running.add(stage.rule)
            plan.planned += self._shards(stage, running)
            after = [rule for rule in stage.needs.values() if rule in running]
            plan.planned.append(self._planned(stage, why, after, forced))
        return plan

    def _shards(self, stage: Stage, running: set[str]) -> list[Planned]:
        """The shards of the first stage, which run if it does."""
        planned = []
        for one in (one for one in self.stages if one.kind == SHARD):
            if one.rule in stage.needs.values():
                after = [rule for rule in one.needs.values() if rule in running]
                planned.append(self._planned(one, [f"before {stage.label}"], after, True))
        running |= {one.stage.rule for one in planned}
        return planned

    def _planned(self, stage: Stage, why: list[str], after: list[str], forced: bool) -> Planned:
        profiles = {one.rule: one.profile for one in self.stages}
        needs = {
            key: self.places.get(rule, record_path(profiles[rule], rule))
            for key, rule in read_needs(stage, self.stages).items()
        }
        return Planned(stage, self.parts[stage.rule], needs, why, after, forced)

    def _stands(self, stage: Stage, plan: Plan) -> bool:
        """Whether its own or another's result is today's; notes which one."""
        needs = self._needs(stage)
        digest = fingerprint({**self.parts[stage.rule], "needs": needs})
        place = record_path(stage.profile, stage.rule)
        own = read_record(self.root / place)
        done = own is not None and (own.status, own.fingerprint) == (DONE, digest)
        if done and not own.broken(self.root):
            self.made[stage.rule], self.places[stage.rule] = own, place
            return True
        for place, record in self.donors.get(digest, []):
            if self._can_stand_in(stage, place, record):
                self.made[stage.rule], self.places[stage.rule] = record, place
                plan.reused.append(Reused(stage, record))
                return True
        return False

    def _can_stand_in(self, stage: Stage, place: str, record: Record) -> bool:
        another = f"/{PREVIOUS}/" in place or record.profile != stage.profile
        free = stage.keeps or not any(is_taken(self.root / f) for f in stage.folders.values())
        if not (stage.shared and another and free and record.status == DONE):
            return False
        return stage.folders.keys() == record.folders.keys() and not record.broken(self.root)

    def _needs(self, stage: Stage) -> dict[str, str]:
        """The content of what a stage reads, as far as it is known before the run."""
        needs = read_needs(stage, self.stages).items()
        return {key: self.made[rule].content() for key, rule in needs if rule in self.made}

    def _reasons(self, stage: Stage, after: list[str]) -> list[str]:
        """Its own reasons to run, those of stages before it left out; at least one, if there are
        no such stages."""
        own = read_record(self.root / record_path(stage.profile, stage.rule))
        if own is None:
            return [] if after else [self._never_ran(stage)]
        unknown = {key for key, rule in read_needs(stage, self.stages).items() if rule in after}
        now = {**self.parts[stage.rule], "needs": self._needs(stage)}
        needs = own.parts.get("needs", {}).items()
        before = {**own.parts, "needs": {k: v for k, v in needs if k not in unknown}}
        why = list(changes(before, now)) + _broken(own, self.root)
        if own.status == STARTED:
            why.append("was interrupted")
        if own.status == FAILED:
            why.append("failed last time")
        return why

    def _never_ran(self, stage: Stage) -> str:
        """No record of its own: that its folder is of something unknown, how it differs from the
        stage of this name in another profile, or what is missing."""
        if taken := [folder for folder in stage.folders.values() if is_taken(self.root / folder)]:
            return f"no record of how {some(taken)} was made"
        now = {**self.parts[stage.rule], "needs": self._needs(stage)}
        others = (one for records in self.donors.values() for _, one in records)
        others = [one for one in others if one.stage == stage.name and one.status == DONE]
        differ = [(list(changes(one.parts, now)), one.profile) for one in others]
        why, source = min(differ, key=lambda one: len(one[0]), default=([], ""))
        if 0 < len(why) <= AT_MOST:
            return f"not as in {source}: {'; '.join(why)}"
        return f"missing {some(list(stage.outputs.values()))}"


def _broken(own: Record, root: Path) -> list[str]:
    """What is wrong with the files, one reason for all missing ones and one for all changed."""
    wrong = [text.split(" ", 1) for text in own.broken(root)]
    kinds = {what: [path for w, path in wrong if w == what] for what, _ in wrong}
    return [f"{what} {some(paths)}" for what, paths in kinds.items()]

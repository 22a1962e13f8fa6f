"""Whatever network and reader do, the reader ends with the service's state, each step once."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.client.world import World

IDS = "abcdefg"
COPIES = st.sampled_from([1, 1, 1, 2, 0])


class Model(RuleBasedStateMachine):
    """Commits, deliveries in any order, losses, copies, cuts, restores, stalls and restarts."""

    world: World

    @initialize(from_now=st.sampled_from([False, False, True]), old=st.integers(0, 9))
    def begin(self, from_now: bool, old: int) -> None:
        self.world = World(from_now=from_now)
        for n in range(old):
            self.world.commit(IDS[n % 7], open=n % 4 != 0, copies=0)

    @rule(incident_id=st.sampled_from(IDS), open=st.sampled_from([True, True, False]), n=COPIES)
    def commit(self, incident_id: str, open: bool, n: int) -> None:
        self.world.commit(incident_id, open=open, copies=n)

    @rule(
        choices=st.lists(st.integers(0, 999), min_size=4, max_size=40),
        commits=st.lists(st.tuples(st.sampled_from(IDS), st.booleans(), COPIES), max_size=4),
        lag=st.integers(0, 2),
    )
    def flow(self, choices: list[int], commits: list[tuple[str, bool, int]], lag: int) -> None:
        """Connections open, requests are handled and frames arrive, in any order."""
        for number, choice in enumerate(choices):
            if commits and number % 5 == 4:
                incident_id, open, copies = commits.pop()
                self.world.commit(incident_id, open=open, copies=copies)
            self.world.anything(choice, lag)

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.5, 30.0, 90.0]))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(count=st.integers(1, 8))
    def read(self, count: int) -> None:
        for _ in range(count):
            if self.world.outbox:
                self.world.read()

    @rule(what=st.sampled_from(["fail", "refuse", "cut", "cut oldest", "restart", "restore"]))
    def disturb(self, what: str) -> None:
        world = self.world
        links = sorted(world.bags)
        if what == "fail" and world.opening:
            world.connect(works=False)
        elif what == "refuse" and links and world.asked[links[-1]]:
            world.serve(links[-1], works=False)
        elif what.startswith("cut") and links:
            world.cut(links[0 if what == "cut oldest" else -1])
        elif what == "restart":
            world.restart()
        elif what == "restore" and world.service.number < 3:
            world.service.restore(len(world.service.steps) // 2)

    @invariant()
    def nothing_is_missing_up_to_the_position(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.settle()
        self.world.check()
        for incident_id, revision in self.world.reader.held.items():
            assert revision == self.world.service.revision(incident_id)


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)

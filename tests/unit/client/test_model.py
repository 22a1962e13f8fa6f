"""The reader gets the service's state without duplicates, for any network and any reader."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.client.simulation import Simulation

IDS = "abcdefg"
FAULTS = ("fail", "refuse", "cut", "cut oldest", "lose", "restart", "restore")
HEARTBEAT_S = 10.0
COPIES = st.sampled_from([1, 1, 1, 2, 0])


class Model(RuleBasedStateMachine):
    """Commits, deliveries in any order, losses, copies, cuts, restores, stalls and restarts.

    Also heartbeats, and connections that the service loses.
    """

    simulation: Simulation

    @initialize(from_now=st.sampled_from([False, False, True]), old=st.integers(0, 9))
    def begin(self, from_now: bool, old: int) -> None:
        self.simulation = Simulation(from_now=from_now)
        self.simulation.heartbeat_s = HEARTBEAT_S
        for n in range(old):
            self.simulation.commit(IDS[n % 7], open=n % 4 != 0, copies=0)

    @rule(incident_id=st.sampled_from(IDS), open=st.sampled_from([True, True, False]), n=COPIES)
    def commit(self, incident_id: str, open: bool, n: int) -> None:
        self.simulation.commit(incident_id, open=open, copies=n)

    @rule(
        choices=st.lists(st.integers(0, 999), min_size=4, max_size=40),
        commits=st.lists(st.tuples(st.sampled_from(IDS), st.booleans(), COPIES), max_size=4),
        lag=st.integers(0, 2),
    )
    def flow(self, choices: list[int], commits: list[tuple[str, bool, int]], lag: int) -> None:
        """Open connections, answer requests and deliver frames, in any order."""
        for number, choice in enumerate(choices):
            if commits and number % 5 == 4:
                incident_id, open, copies = commits.pop()
                self.simulation.commit(incident_id, open=open, copies=copies)
            self.simulation.random_step(choice, lag)

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.5, 30.0, 90.0]))
    def wait(self, seconds: float) -> None:
        self.simulation.wait(seconds)

    @rule(count=st.integers(1, 8))
    def read(self, count: int) -> None:
        for _ in range(count):
            if self.simulation.outbox:
                self.simulation.read()

    @rule()
    def beat(self) -> None:
        self.simulation.send_heartbeat()

    @rule(what=st.sampled_from(FAULTS))
    def disturb(self, what: str) -> None:
        simulation = self.simulation
        links = sorted(simulation.in_flight)
        if what == "fail" and simulation.opening:
            simulation.connect(works=False)
        elif what == "refuse" and links and simulation.asked[links[-1]]:
            simulation.serve(links[-1], works=False)
        elif what.startswith("cut") and links:
            simulation.cut(links[0 if what == "cut oldest" else -1])
        elif what == "lose" and links:
            simulation.lost.add(links[-1])
        elif what == "restart":
            simulation.restart()
        elif what == "restore" and simulation.service.number < 3:
            simulation.service.restore(len(simulation.service.steps) // 2)

    @invariant()
    def nothing_is_missing_up_to_the_position(self) -> None:
        self.simulation.check()

    def teardown(self) -> None:
        if not hasattr(self, "simulation"):
            return
        self.simulation.settle()
        self.simulation.check()
        for incident_id, revision in self.simulation.reader.held.items():
            assert revision == self.simulation.service.revision(incident_id)


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)

//! `bongsu serve` is killed at random moments while an operator's session holds undelivered QoS 1 and 2 answers of a
//! device: none that was acknowledged is lost, no QoS 2 message comes twice, the device's retained status is back.

#[path = "../../../broker/tests/sigkill/world.rs"]
#[expect(clippy::unwrap_used, reason = "a failed step is a failed test")]
mod world;

use bongsu_tests::city;
use bongsu_tests::program::Setup;
use world::World;

const ROUNDS: usize = 8;

#[test]
fn the_whole_program_killed_at_random_moments_forgets_no_session() {
    let folder = tempfile::tempdir().expect("a folder");
    city::write(folder.path(), &city::stations(1, "river_stage", ""), &[]);
    let setup = Setup::anonymous(folder.path());
    let topics = ["bongsu/v1/s00000/cmd/ack", "bongsu/v1/s00000/status"];
    world::survives(&World::new(topics, "bongsu/v1/s00000/#"), ROUNDS, || {
        let program = setup.serve();
        let addresses = [program.mqtt, program.operator_mqtt];
        (program, addresses)
    });
}

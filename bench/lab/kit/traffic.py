"""What is sent: floods, knocks and bulk."""
import json, random, subprocess, time

from kit import meters
from kit.space import FALSE, FALSE6, HOST, HOST6, MAC, PEER, PROTECTED


def flood(space, kind="syn", rate=0, seconds=5.0, count=0, port=0, source_port=0, sizes=(320,), source=None, order="rand", file=None, ipv6=False):
    """Begins. Without a rate: as fast as it goes."""
    command = [space.program("flood"), "-i", "wire", "-D", MAC["gate"], "-d", HOST6 if ipv6 else HOST, "-s", source or (FALSE6 if ipv6 else FALSE), "-S", order, "-k", kind,
               "-r", str(rate), "-t", str(seconds), "-c", str(count), "-p", str(port), "-P", str(source_port), "-n", ",".join(map(str, sizes)), "-x", str(random.getrandbits(30))]
    return space.start(command + (["-f", file] if file else []), space.client, core=space.flood_core, output=subprocess.PIPE)


def flooded(space, process):
    """What was sent, and what it cost: a dictionary, see src/flood.c."""
    return json.loads(space.finish(process, patience=660))


def knock(space, source, steps, patience=3.0, every_us=1000, gap_us=0, again_ms=(), gate=None, namespace=None, ipv6=False):
    """Begins one knock, and tries to connect until it is let in."""
    command = [space.program("probe"), "-s", source, "-d", gate or (HOST6 if ipv6 else HOST), "-p", str(PROTECTED), "-i", str(every_us), "-T", str(int(patience * 1000)), "-g", str(gap_us)]
    if again_ms:
        command += ["-R", ",".join(map(str, again_ms))]
    for step in steps:
        command += ["-x", step]
    return space.start(command, namespace or space.client, output=subprocess.PIPE)


def knocked(space, process):
    return json.loads(space.finish(process, patience=60))


def plain_connections(space, port, count=300):
    """What a connection takes where nobody has to knock."""
    return json.loads(space.finish(space.start([space.program("probe"), "-s", PEER, "-d", HOST, "-p", str(port), "-n", str(count)], space.client, output=subprocess.PIPE)))


def bulk(space, port, seconds, reverse=False):
    """Bits a second of one TCP connection, to the gate or, reversed, from it; and the processor seconds of both its ends for a gigabyte, their kernels' work included."""
    group = meters.Group(space, "bulk")
    server = space.start(["iperf3", "-s", "-1", "-p", str(port), "-B", HOST], space.gate, core=space.gate_core, group=group)
    time.sleep(0.3)
    try:
        client = space.start(["iperf3", "-c", HOST, "-B", PEER, "-p", str(port), "-t", str(seconds), "-J"] + (["-R"] if reverse else []), space.client, core=space.flood_core, group=group, output=subprocess.PIPE)
        received = json.loads(space.finish(client, patience=60))["end"]["sum_received"]
        return received["bits_per_second"], group.seconds() / (received["bytes"] / 1e9)
    finally:
        server.terminate()
        server.wait()
        space.started.remove(server)
        group.remove()

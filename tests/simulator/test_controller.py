"""The pump station of the demo that is asked by Modbus TCP."""

from __future__ import annotations

import socket

from anlan.demo.controller import CYCLE_S, HOST, answer, bits, registers, serve
from anlan.demo.fill.controller import POINTS
from anlan.formats import modbus


def test_every_line_of_its_map_has_a_value_within_its_range_all_through_the_cycle():
    lines = [line.as_point for *_rest, line in POINTS]
    for second in range(0, CYCLE_S, 7):
        for request in modbus.plan(1, lines):
            (asked,) = modbus.Reader(strict=True).feed(modbus.ask(request, 5))
            told = answer(asked, float(second))
            assert modbus.answers(request, told)
            for point, value in zip(request.points, modbus.values(request, told, "plc", 0), strict=True):
                low, high = next(ends for *_rest, ends, line in POINTS if line.as_point == point)
                assert value.value is not None
                assert low <= value.value <= high
    assert {sum(bits(float(second)).values()) for second in range(CYCLE_S)} == {0, 1, 2}
    assert all(0 <= word <= 0xFFFF for word in registers(1e9).values())


def test_it_answers_at_its_port_and_refuses_what_it_has_not():
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    server = serve(port)
    assert server is not None
    try:
        with socket.create_connection((HOST, port), timeout=5) as connection:
            for function, data, refused in ((4, b"\0\0\0\5", None), (4, b"\0\7\0\1", 2), (6, b"\0\0\0\1", 1)):
                connection.sendall(modbus.write(modbus.Frame(9, 1, function, data)))
                (told,) = modbus.Reader().feed(connection.recv(512))
                assert isinstance(told, modbus.Frame)
                assert (told.transaction, told.unit) == (9, 1)
                assert (told.exception is None) == (refused is None)
    finally:
        server.shutdown()
        server.server_close()

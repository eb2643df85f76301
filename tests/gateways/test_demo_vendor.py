"""The demo's vendor through the demo's broker: one gauge's readings arrive, the other's number waits."""

from __future__ import annotations

import threading
from pathlib import Path

from brokers import free_port
from gateway_world import eventually, plant_mapped_device, plant_mapping, plant_mappings, plant_records

from anlan.demo import vendor
from anlan.gateways.broker import OwnBroker
from anlan.gateways.mqtt import Address, Gateway
from anlan.gateways.records import PlainRecords
from anlan.gateways.vendors.records import VendorRecords
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.store import Store


def test_the_registered_gauge_arrives_and_the_other_waits(tmp_path: Path, store: Store, monkeypatch):
    records = tmp_path / "records.sqlite3"
    sensors = ("seepage", "water_temp", "battery_v")
    plant_records(records, {vendor.GATEWAY: [f"{vendor.GATEWAY}/{one}" for one in sensors]}, key="of the vendor")
    plant_mappings(records)
    plant_mapping(records, vendor.BODY, code="shanchuan")
    plant_mapped_device(records, "G1/0001", vendor.GATEWAY, code="shanchuan")
    url, port = f"sqlite://{records}", free_port()
    directory = Directory(PlainRecords(url))
    directory.refresh()
    vendors = Vendors(VendorRecords(url), directory)
    vendors.refresh()
    broker = OwnBroker("127.0.0.1", port, directory, "anlan", "of the gateway", vendors=vendors)
    broker.start()
    ready = threading.Event()
    address = Address("127.0.0.1", port, "anlan", "of the gateway")
    gateway = Gateway(address, store, directory, vendors=vendors, on_ready=ready.set)
    gateway.start()
    assert ready.wait(20)
    monkeypatch.setattr(vendor, "EVERY_S", 0.5)
    stop = threading.Event()
    vendor.start("127.0.0.1", port, "of the vendor", stop)
    try:
        eventually(lambda: store.read_log(0) and store.count_set_aside(), "readings of the gauge")
    finally:
        stop.set()
        gateway.stop()
        broker.stop()
    assert {(row.sender, row.n) for row in store.read_log(0)} == {(vendor.GATEWAY, 3)}
    assert {row.reason for row in store.set_aside()} == {"unknown_device"}
    vendors.notes.write(vendors.records)
    vendors.records.close()
    directory.records.close()

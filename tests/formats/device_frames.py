"""Frames of the fact sheet on device protocols, and the recordings of others."""

from __future__ import annotations

import csv
import json
from typing import Any

from tests.formats.mapfiles import recording

HJ212 = {
    "H1": (
        "##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterv"
        "al=30&&1C80"
    ),
    "H2": (
        "##0247QN=20260706103512345;ST=21;CN=2011;PW=123456;MN=A110000_0001;Flag=9;CP=&&DataTime=202607061030"
        "00;w01010-Rtd=28.6,w01010-Flag=N;w01014-Rtd=7.8,w01014-Flag=N;w01001-Rtd=6.5,w01001-Flag=N;w01017-Rt"
        "d=15.2,w01017-Flag=N;w01019-Rtd=1.023,w01019-Flag=N&&1540"
    ),
    "H3": (
        "##0247QN=20260706103512345;ST=21;CN=2061;PW=123456;MN=A110000_0001;Flag=9;CP=&&DataTime=202607061000"
        "00;w01010-Avg=28.4,w01010-Flag=N;w01014-Avg=7.7,w01014-Flag=N;w01001-Avg=6.6,w01001-Flag=N;w01017-Av"
        "g=15.0,w01017-Flag=N;w01019-Avg=1.022,w01019-Flag=N&&5280"
    ),
    "H4": (
        "##0231QN=20201216134702246;ST=32;CN=2011;PW=123456;MN=SD370300001043;CP=&&DataTime=20201216134641;01"
        "1-Rtd=73.9200,011-Flag=N;060-Rtd=1.0900,060-Flag=N;B01-Rtd=70.7000,B01-Flag=N;B00-Rtd=1395185.0000,B"
        "00-Flag=N;001-Rtd=7.0380,001-Flag=N&&0280"
    ),
    "H5": (
        "##0457QN=20210320163101890;ST=32;CN=2011;PW=123456;MN=81733553213013;Flag=4;CP=&&DataTime=2021032001"
        "3400;w00000-Rtd=181.682,w00000-Flag=N;w21001-SampleTime=20210320005400,w21001-Rtd=45.160,w21001-Flag"
        "=N;w21011-SampleTime=20210320013400,w21011-Rtd=1.970,w21011-Flag=N;w21003-SampleTime=20210320013400,"
        "w21003-Rtd=53.131,w21003-Flag=N;w01018-SampleTime=20210320013400,w01018-Rtd=194.200,w01018-Flag=N;w0"
        "1001-SampleTime=20210320013406,w01001-Rtd=7.496,w01001-Flag=N&&6E80"
    ),
    "H6": (
        "##0218ST=32;CN=2011;PW=123456;,MN=88888881234567;FLAG=0;CP=&&DataTime=20180306120000;001-Rtd=6.951,0"
        "01-Flag=N;060-Rtd=23.400,060-Flag=N;011-Rtd=134.119,011-Flag=N;B01-Rtd=382.222,B01-Flag=N;B00-Rtd=15"
        "6720160.000,B00-Flag=N&&2940"
    ),
    "H7": ("##0086QN=20170516010101001;ST=22;CN=1072;PW=123456;MN=ABCDEFG1234567;Flag=3;CP=&&PW=654321&&E476"),
    "H8": (
        "##0122QN=20170516010101001;ST=22;CN=3014;PW=123456;MN=ABCDEFG1234567;Flag=3;CP=&&PolId=101,CTime=04,"
        "CTime=10,CTime=14,CTime=16&&526F"
    ),
    "H9": (
        "##0136ST=32;CN=2011;PW=123456;MN=LD130133000015;CP=&&DataTime=20160824003817000;B01-Rtd=36.91;011-Rt"
        "d=231.0,011-Flag=N;060-Rtd=1.803,060-Flag=N&&4980"
    ),
    "H10": ("##0074ST=91;CN=9014;PW=123456;MN=A110000_0001;Flag=4;CP=&&QN=20260706103512345&&A9C1"),
}
SL651 = {
    "S1": bytes.fromhex(
        "7E7E010010100001A00032002B02000C200724172349F1F1001010000148F0F020072417232019000130221900004039"
        "230000055038121268038397"
    ),
    "S2": bytes.fromhex("7E7E01003096035700004A000F02017A200623102812F1F100309603570368BC"),
    "S3": bytes.fromhex(
        "7E7E010051107461FFFF3400AA0201F3220621120110F1F1005110746148F0F02206211105F460000005000000000000"
        "000000F0F022062112002619000030F0F02206211105F5C002D402D4031D031D031D031D031D031D031D031D031D031D"
        "F0F022062112003923000079702019000005F0F02206211115041800000F797902114980940211901656021190160902"
        "119016097D7D0006350235000640321000064561860006509161F9F915C115CC15CC15CC38121207037537"
    ),
    "S4": bytes.fromhex(
        "7E7E010000000032000032002B0201C6220513113404F1F1000000003248F0F022051311333923000149972019000000"
        "261900000038122400032730"
    ),
    "S5": bytes.fromhex("7E7E001010000101A00032800802000C200724172350048A9D"),
}
JT808 = {
    "J1": bytes.fromhex(
        "7E02000026123456789012007D02000000010000000200BA7F0E07E4F11C0028003C00001810151010100104000000640202007D01137E"
    ),
    "J2": bytes.fromhex(
        "7E020000261234567890120001000000010000000200BA7F0E07E4F11C0028003C00001810151010100104000000640202007D016C7E"
    ),
    "J3": bytes.fromhex(
        "7E020000480123456789010013000000800000000301597BC506CBFF6600EB00000155210726203531010400000000EB"
        "24000C00B28986047701207027150200060089FFFFEFFF0004002D0E10000600C5FFFFFFEF697E"
    ),
    "J4": bytes.fromhex(
        "7E01000021013345678906000F002C012F373031313142534A2D4D3742203030303030303001D4C1423838383838B47E"
    ),
    "J5": bytes.fromhex("7E0002000004304832546500B7CA7E"),
    "J6": bytes.fromhex(
        "7E02000032013511221122000700000000000C000301578CC006CA3A5C00470000000014072317201501040000000030011631010BD07E"
    ),
    "J7": bytes.fromhex("7E800100051234567890120001007D02020000737E"),
}
GEOHAZARD = {
    "G1": (
        b'{"100054920":{"L1_QJ_1":{"2026-03-14T07:04:03.000Z":{"X":3.15,"Y":-5.14,"Z":83.97,"angle":-6.03,'
        b'"trend":236.18,"AZI":236.18}},"L1_JS_1":{"2026-03-14T07:04:03.000Z":{"gX":-0.04,"gY":0.18,"gZ":-'
        b"0.04}}}}"
    ),
    "G2": (
        b'\x10{"100054920":{"S1_ZT_1":{"ext_power_volt":3.540,"solar_volt":6.185,"battery_dump_energy":1,"'
        b'temp":0.0,"humidity":0,"lon":103.482170,"lat":36.180176,"signal_4g":-51,"sw_version":"V1.0.3","s'
        b'ensor_state":{"L1_JS_1":0,"L1_QJ_1":0,"L1_LF_1":3}}}}'
    ),
    "G3": (b'{"17165802":{"L1_GP_1":{"2026-03-14T06:00:00.000Z":{"gpsTotalZ":3.2}}}}'),
    "G4": (
        b'{"GW001":{"S1_ZT_1":{"2026-03-20T06:24:02.000Z":{"ext_power_volt":12.3,"sensor_state":1}},"L1_GP'
        b'_1":{"2026-03-20T06:24:02.000Z":{"gpsTotalZ":3.2,"gpsTotalX":9.9}},"L1_SW_1":{"2026-03-20T06:24:'
        b'02.000Z":{"dispsX":-0.0445,"dispsY":0.0293}}}}'
    ),
    "G5": (b'{"header":{"appId":"62000001"},"bodies":{"body":"<cipher text>"}}'),
}
NMEA = {
    "N1": b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n",
    "N2": b"$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n",
    "N3": b"$GPGLL,4916.45,N,12311.12,W,225444,A,*1D\r\n",
    "N4": b"$GNRMC,060512.00,A,3150.788156,N,11711.922383,E,0.0,,311019,,,A,V*1B\r\n",
    "N5": b"$GNGGA,015540.000,3224.4200,N,10431.6800,E,4,12,0.8,876.5,M,-35.0,M,1.0,0000*49\r\n",
}
MODBUS = {
    "M1": bytes.fromhex("00 01 00 00 00 06 11 03 00 6B 00 03"),
    "M2": bytes.fromhex("00 01 00 00 00 09 11 03 06 AE 41 56 52 43 40"),
    "M3": bytes.fromhex("00 02 00 00 00 06 01 06 00 01 00 03"),
    "M4": bytes.fromhex("00 03 00 00 00 03 01 83 02"),
}


def rows(name: str) -> list[dict[str, str]]:
    """A table of recorded frames."""
    with recording("protocols", name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def examples(*parts: str) -> dict[str, Any]:
    """Recorded JSON."""
    return json.loads(recording(*parts).read_text(encoding="utf-8"))


def hj212_frames(*, good: bool = False) -> list[bytes]:
    """Recorded frames of HJ 212, with CR LF; only those with a right checksum."""
    table = rows("hj212_frames.csv")
    return [row["frame"].encode() + b"\r\n" for row in table if not good or row["crc_ok"] == "True"]


def sl651_frames(*, good: bool = False) -> list[bytes]:
    """Recorded frames of SL 651."""
    return [bytes.fromhex(row["hex"]) for row in rows("sl651_frames.csv") if not good or row["crc_ok"] == "True"]


def jt808_frames(*, good: bool = False) -> list[bytes]:
    """Recorded frames of JT/T 808."""
    return [bytes.fromhex(row["hex"]) for row in rows("jt808_frames.csv") if not good or row["checksum_ok"] == "True"]

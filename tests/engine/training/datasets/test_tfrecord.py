import numpy as np
import pytest
from tensorboardX.record_writer import RecordWriter

from engine.training.datasets.errors import ClipError
from engine.training.datasets.tfrecord import masked_crc32c, read_example, record_places
from tests.engine.training.datasets.builders import example


@pytest.fixture
def record(tmp_path):
    """A file of two records, made by other people's code."""
    path = tmp_path / "a.tfrecord-00000-of-00001"
    writer = RecordWriter(str(path))
    writer.write(example({"pictures": [b"\xff\xd8one", b"", b"three"], "numbers": [1.5, -2.0, 0.25]}))
    writer.write(example({"counts": [3, -1, 2**40], "name": [b"second"]}))
    writer.close()
    return path


def test_the_checksum_is_that_of_the_published_example():
    # CRC-32C of "123456789" is e3069283 (RFC 3720, B.4 gives others; this one is the catalogue's check value).
    crc = 0xE3069283
    assert masked_crc32c(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


def test_features_come_back_by_name_and_kind(record):
    first, second = (read_example(record, place) for place in record_places(record))
    assert first["pictures"] == [b"\xff\xd8one", b"", b"three"]
    assert first["numbers"].dtype == np.float32
    assert first["numbers"].tolist() == [1.5, -2.0, 0.25]
    assert second["counts"].tolist() == [3, -1, 2**40]
    assert second["name"] == [b"second"]


def test_a_flipped_bit_is_found_in_header_and_data(record):
    whole = record.read_bytes()
    places = list(record_places(record))
    for at, words in ((places[1][0] - 10, "damaged at byte"), (places[1][0] + 20, "damaged in the record at byte")):
        broken = bytearray(whole)
        broken[at] ^= 1
        record.write_bytes(bytes(broken))
        with pytest.raises(ClipError, match=words):
            read_example(record, list(record_places(record))[1])
        assert read_example(record, next(record_places(record)))["pictures"]


@pytest.mark.parametrize("cut", [1, 30])
def test_a_file_that_is_cut_short_keeps_its_whole_records(record, cut):
    record.write_bytes(record.read_bytes()[:-cut])
    first, second = record_places(record)
    assert read_example(record, first)["pictures"]
    with pytest.raises(ClipError, match="is cut short"):
        read_example(record, second)


def test_a_header_that_is_cut_short_is_told(record):
    place, length = next(record_places(record))
    record.write_bytes(record.read_bytes()[: place + length + 4 + 5])
    with pytest.raises(ClipError, match="is cut short after"):
        list(record_places(record))


@pytest.mark.parametrize("data", [b"\x0a\xff\xff\xff\x0f", b"\x0b\x00", b"\xff" * 12, b"\x0a\x05\x0a\x03\x0a\x01\xff"])
def test_data_that_is_no_example_is_refused(tmp_path, data):
    path = tmp_path / "a.tfrecord"
    writer = RecordWriter(str(path))
    writer.write(data)
    writer.close()
    with pytest.raises(ClipError, match=r"no tf\.train\.Example"):
        read_example(path, next(record_places(path)))

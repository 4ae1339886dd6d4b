"""What a result says in words, in a folder of files, and in a report that stands by itself."""

from three_mismatches.report.files import write_report
from three_mismatches.report.folder import summary, table_hash, write
from three_mismatches.report.sentences import latency_sentences, sentences

__all__ = ["latency_sentences", "sentences", "summary", "table_hash", "write", "write_report"]

//! [`IndexedFile`]: the records of a large file, which are read from it when they are needed.
//!
//! One pass over the file checks every record, as strictly as for a small file, and keeps only where each of them is. The
//! records are the same either way.
//!
//! ## Memory
//! Eight bytes per record for its place, eight for its stamp if it has one, four bytes per 64 KiB of the file for the sums,
//! and a bounded cache.
//!
//! ## Changed files
//! A record is made of bytes whose sum is that of the pass. So a file that is changed while it plays never yields another
//! record: reading fails, from then on.

mod block_cache;
mod block_file;
mod block_sums;
mod file_rows;
mod index_builder;
mod index_report;
mod record_text;
mod scanned_file;
mod sidecar;
mod summed_io;
mod text_scan;

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::compression::FileCompression;
use super::dataset_error::{DatasetError, malformed};
use super::dataset_note::DatasetNote;
use super::delimited;
use super::input_file::InputFile;
use super::json_text::{LINES_REMEDY, is_blank};
use super::read_options::ReadOptions;
use super::record_selection::RecordSelection;
use super::record_sink::RecordSink as _;
use super::text_file::unreadable;
use crate::settings::DatasetFormat;
use crate::source::record_index::RecordIndex;
use crate::source::source_error::SourceError;
use crate::source::stamps::Stamps;
use crate::source::work_budget::{RecordPass, WorkBudget};
use block_file::{BlockFile, ReadPurpose};
use file_rows::FileRows;
use index_builder::IndexBuilder;
pub use index_report::{IndexReport, SidecarUse};
use record_text::RecordText;
use scanned_file::{ScannedFile, line_len_max};
use sidecar::{FileIdentity, IndexHead, KeptIndex, Sidecar};
use text_scan::TextScan;

/// A file with the places of its records.
#[derive(Debug)]
pub(super) struct IndexedFile {
    file: BlockFile,
    /// Never empty.
    index: RecordIndex,
    /// Where the last record ends at the latest.
    end: u64,
    /// The bytes that a record can have in the file.
    line_max: u64,
    text: RecordText,
}

/// A file that has been indexed.
#[derive(Debug)]
pub(super) struct BuiltIndex {
    pub(super) file: IndexedFile,
    /// If the records have any.
    pub(super) stamps: Option<Stamps>,
    /// SHA-256 of the file's bytes.
    pub(super) digest: [u8; 32],
    pub(super) notes: Vec<DatasetNote>,
    pub(super) report: IndexReport,
}

impl BuiltIndex {
    fn new(
        file: BlockFile,
        (head, index, stamps): (IndexHead, RecordIndex, Option<Stamps>),
        (started, sidecar): (Instant, SidecarUse),
        options: &ReadOptions,
    ) -> Self {
        let line_max = line_len_max(options.record_max) as u64;
        let report = IndexReport {
            bytes: file.len(),
            duration: started.elapsed(),
            sidecar,
        };
        Self {
            file: IndexedFile {
                end: file.len(),
                line_max,
                file,
                index,
                text: head.text,
            },
            stamps,
            digest: head.digest,
            notes: head.notes,
            report,
        }
    }
}

/// The records of a file, found in one pass.
#[derive(Debug)]
struct IndexedRecords {
    builder: IndexBuilder,
    /// What a person should know about how they were read.
    notes: Vec<DatasetNote>,
    text: RecordText,
    scanned: ScannedFile,
}

/// The records of one read in a row; in bytes of the file. What lies between two records may be longer than they are.
const RUN_LEN_MAX: u64 = 1 << 20;

/// Whether the records of `file`, which is in `format`, stay in it.
pub(super) fn is_indexed(
    file: &InputFile<'_>,
    format: DatasetFormat,
    options: &ReadOptions,
) -> bool {
    let has_lines = matches!(
        format,
        DatasetFormat::Ndjson | DatasetFormat::Csv | DatasetFormat::Tsv
    );
    has_lines && file.len() > options.memory_max && FileCompression::of(file.head()).is_none()
}

/// Indexes `file`, which is in `format`, or takes its index from the folder of `options`.
pub(super) fn open(
    file: InputFile<'_>,
    format: DatasetFormat,
    options: &ReadOptions,
) -> Result<BuiltIndex, DatasetError> {
    let path = file.path();
    let file = file.into_reader();
    let identity = FileIdentity::new(path, &file, options.describe(format));
    let identity = identity.map_err(|error| unreadable(path, error))?;
    let folder = options.index_folder.as_ref();
    let sidecar = folder.map(|folder| Sidecar::new(folder, identity));
    index_or_reuse(path, file, sidecar.as_ref(), (format, options))
}

/// Takes the index of `file` from `sidecar`, or makes one and puts it there.
fn index_or_reuse(
    path: &Path,
    file: File,
    sidecar: Option<&Sidecar>,
    (format, options): (DatasetFormat, &ReadOptions),
) -> Result<BuiltIndex, DatasetError> {
    let started = Instant::now();
    let failed = |error| unreadable(path, error);
    let len = file.metadata().map_err(failed)?.len();
    let mut usage = SidecarUse::None;
    let mut file = file;
    if let Some(sidecar) = sidecar {
        match sidecar.read() {
            Ok(None) => {}
            Err(error) => usage = SidecarUse::Rebuilt(error.to_string()),
            Ok(Some(kept)) => {
                let blocks = BlockFile::new(path.to_owned(), file, len, kept.sums);
                let blocks = blocks.map_err(failed)?;
                if blocks.matches_samples() {
                    let parts = (kept.head, kept.index, kept.stamps);
                    let report = (started, SidecarUse::Reused);
                    return Ok(BuiltIndex::new(blocks, parts, report, options));
                }
                file = blocks.into_file();
                usage = SidecarUse::Rebuilt("some bytes of the file are others".to_owned());
            }
        }
    }
    let indexed = match format {
        DatasetFormat::Csv | DatasetFormat::Tsv => {
            let rows = FileRows::new(path, file, options.record_max)?;
            index_rows(rows, format, options)?
        }
        _ => index_lines(TextScan::new(path, file, options.record_max)?, options)?,
    };
    let parts = indexed.builder.finish();
    let (index, stamps) = parts.ok_or_else(|| DatasetError::empty(path))?;
    let scanned = indexed.scanned;
    let kept = KeptIndex {
        head: IndexHead {
            digest: scanned.digest,
            notes: indexed.notes,
            text: indexed.text,
        },
        index,
        sums: scanned.sums,
        stamps,
    };
    if let Some(sidecar) = sidecar {
        match (sidecar.write(&kept), &usage) {
            (Ok(()), SidecarUse::None) => usage = SidecarUse::Written,
            (Ok(()), _) => {}
            (Err(error), _) => usage = SidecarUse::Failed(error.to_string()),
        }
    }
    let blocks = BlockFile::new(path.to_owned(), scanned.file, scanned.len, kept.sums);
    let parts = (kept.head, kept.index, kept.stamps);
    let report = (started, usage);
    let blocks = blocks.map_err(failed)?;
    Ok(BuiltIndex::new(blocks, parts, report, options))
}

/// Finds and checks the lines of `scan`.
fn index_lines(
    mut scan: TextScan<'_>,
    options: &ReadOptions,
) -> Result<IndexedRecords, DatasetError> {
    let path = scan.path();
    let mut builder = IndexBuilder::new(0, options);
    let mut selection = RecordSelection::new(options);
    while let Some(line) = scan.next_line(builder.count() + 1)? {
        let text = line.text.trim_end_matches('\r');
        if is_blank(text) {
            continue;
        }
        let value: &RawValue = serde_json::from_str(text)
            .map_err(|error| malformed(path, text, line.number, &error, LINES_REMEDY))?;
        let json = value.get();
        // `json` is borrowed from the line, so the difference of the pointers is its place in it.
        let before = json.as_ptr() as usize - text.as_ptr() as usize;
        builder.begin(line.offset + before as u64);
        let pushed = selection.push(json, &mut builder);
        pushed.map_err(|error| {
            let place = (line.number, before + 1);
            error.at(path, builder.count() + 1, place)
        })?;
    }
    let notes = selection.finish(path)?;
    Ok(IndexedRecords {
        builder,
        notes,
        text: RecordText::lines(options),
        scanned: scan.finish()?,
    })
}

/// Finds and checks the rows of `file`.
fn index_rows(
    file: FileRows<'_>,
    format: DatasetFormat,
    options: &ReadOptions,
) -> Result<IndexedRecords, DatasetError> {
    let mut builder = IndexBuilder::new(file.base(), options);
    let rows = match format {
        DatasetFormat::Tsv => delimited::read_tsv(&file, options, &mut builder)?,
        _ => delimited::read_csv(&file, options, &mut builder)?,
    };
    Ok(IndexedRecords {
        builder,
        notes: rows.notes,
        // Without rows there is nothing to read.
        text: rows
            .layout
            .map_or_else(|| RecordText::lines(options), RecordText::Rows),
        scanned: file.finish()?,
    })
}

impl IndexedFile {
    /// The length of the longest record, in bytes.
    pub(super) const fn longest(&self) -> usize {
        self.index.longest()
    }

    /// The length of the record at `index`, in bytes.
    pub(super) fn record_len(&self, index: u64) -> usize {
        self.index.len(index)
    }

    /// Reads the records of `range`.
    pub(super) fn read(&self, range: Range<u64>) -> Result<Vec<Bytes>, SourceError> {
        self.file.check_in_place()?;
        let mut text = Vec::new();
        let mut ends = Vec::new();
        let mut push = |record: &[u8]| {
            text.extend_from_slice(record);
            ends.push(text.len());
        };
        let mut next = range.start;
        while next < range.end {
            let run = self.run(next, range.end);
            self.read_run(next..run, ReadPurpose::Records, &mut push)?;
            next = run;
        }
        let text = Bytes::from(text);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let slices = starts
            .zip(&ends)
            .map(|(start, &end)| text.slice(start..end));
        Ok(slices.collect())
    }

    /// The end of the records from `first` on, up to `end`, that are read together; at least one.
    fn run(&self, first: u64, end: u64) -> u64 {
        let begin = self.offset(first);
        let fits = |last: &u64| self.offset(*last + 1) - begin <= RUN_LEN_MAX;
        let more = (first + 1..end).take_while(fits).last();
        more.unwrap_or(first) + 1
    }

    /// Calls `visit` with each record of `run`.
    fn read_run(
        &self,
        run: Range<u64>,
        purpose: ReadPurpose,
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), SourceError> {
        let (begin, end) = (self.offset(run.start), self.offset(run.end));
        // The rest cannot belong to the last record.
        let last = self.offset(run.end - 1);
        let end = end.min(last + self.line_max);
        let bytes = self.file.read(begin..end, purpose)?;
        let at = |offset: u64| {
            let at = usize::try_from((offset - begin).min(bytes.len() as u64));
            at.expect("the bytes are in memory")
        };
        let mut record = Vec::new();
        for index in run {
            let (from, to) = (at(self.offset(index)), at(self.offset(index + 1)));
            record.clear();
            self.text.write(&bytes[from..to], &mut record);
            if record.len() != self.index.len(index) {
                let number = index + 1;
                return Err(self.file.changed(format!("record {number} is another one")));
            }
            visit(&record);
        }
        Ok(())
    }

    /// Where the record at `index` begins; after the last record, where that ends at the latest.
    fn offset(&self, index: u64) -> u64 {
        self.index.offset(index).unwrap_or(self.end)
    }
}

impl RecordPass for IndexedFile {
    fn count(&self) -> u64 {
        self.index.count()
    }

    fn visit(
        &self,
        mut next: u64,
        budget: &mut WorkBudget,
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<u64, SourceError> {
        self.file.check_in_place()?;
        while next < self.count() && budget.is_left() {
            let mut end = next;
            while end < self.count() && budget.is_left() {
                budget.spend(self.index.len(end));
                end += 1;
            }
            while next < end {
                let run = self.run(next, end);
                self.read_run(next..run, ReadPurpose::Pass, visit)?;
                next = run;
            }
        }
        Ok(next)
    }
}

//! The command line: one verb per job of a regional centre.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Exam forms from the scanner to a signed package.
///
/// Exit codes: 0 all went well; 1 the command failed; 2 the arguments are wrong;
/// 3 the command ran to its end, but some input was bad or a check did not hold (each is named on stderr).
#[derive(Debug, Parser)]
#[command(name = "rcoi", version, propagate_version = true)]
pub(crate) struct Args {
    /// Configuration file; `rcoi.toml` in the working folder is taken when it exists.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder for the database, pictures and keys (overrides the configuration).
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// More log lines (-v, -vv).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Draw an exam, process it and leave the stations open; with --robot to the signed package.
    Demo(DemoArgs),
    /// Run the centre: stations, intake, and recognition unless other processes do that.
    Serve,
    /// Read pages for a centre that runs elsewhere, as many processes on as many machines as there are.
    Work(WorkArgs),
    /// Take folders of scans into the packets of an exam and read them.
    Ingest(IngestArgs),
    /// Read pictures of forms and print what they say; nothing is stored.
    Recognize(RecognizeArgs),
    /// Compare readings with known truth.
    Eval(EvalArgs),
    /// Check, draw and import form templates.
    #[command(subcommand)]
    Template(TemplateVerb),
    /// Exams: import a plan, see the state, close, make the package.
    #[command(subcommand)]
    Exam(ExamVerb),
    /// Packages: verify one, make a key pair.
    #[command(subcommand)]
    Package(PackageVerb),
    /// People who log in.
    #[command(subcommand)]
    User(UserVerb),
    /// Bring the database to this version's schema (a PostgreSQL database that is not there is made), or move an installation.
    Migrate(MigrateArgs),
    /// The machinery: the work queue.
    #[command(subcommand)]
    Admin(AdminVerb),
    /// The chain of acts of people.
    #[command(subcommand)]
    Audit(AuditVerb),
    /// Decodes and reads pages for the process that started it.
    #[command(hide = true)]
    Servant(ServantArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ServantArgs {
    /// The longest that one page may take.
    #[arg(long)]
    pub(crate) seconds: u64,
    /// Folder of templates, or one template file; the built-in forms when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArgs {
    /// Bring everything over from this database: `sqlite:data/rcoi.db`. It does not open any more afterwards.
    #[arg(long, value_name = "URL", requires = "to")]
    pub(crate) from: Option<String>,
    /// Into this one, which must be empty: `postgres://user@host/rcoi` (made when it is not there). Pictures go to the place
    /// that the configuration names (`blobs`).
    #[arg(long, value_name = "URL", requires = "from")]
    pub(crate) to: Option<String>,
    /// Folder of the pictures that the rows of `--from` name; `blobs` beside its file when left out.
    #[arg(long, value_name = "DIR", requires = "from")]
    pub(crate) blobs_from: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminVerb {
    /// How the queue stands, which pages were set aside and why.
    Queue {
        #[arg(long)]
        json: bool,
        /// Have pages read again that were set aside: an id, a part of the file's name, or `all`.
        #[arg(long, value_name = "PAGE")]
        requeue: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct WorkArgs {
    /// Pages read at the same time (overrides `threads`; 0 = as many as there are processors).
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Answer every doubt through the HTTP API from the known truth, close, package, verify and leave.
    #[arg(long)]
    pub(crate) robot: bool,
    /// The same seed draws the same exam.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many people sit the drawn exam; rooms and troubles shrink and grow with them.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) participants: u32,
    /// Throw away an earlier demo in the data folder and begin anew.
    #[arg(long, conflicts_with = "configured")]
    pub(crate) fresh: bool,
    /// Only draw the exam's files, and leave.
    #[arg(long, conflicts_with = "robot")]
    pub(crate) draw: bool,
    /// Use the database, the queue and the picture store of the configuration, to try a new installation of many machines.
    /// Refused where exams or people are that are none of the demo's.
    #[arg(long)]
    pub(crate) configured: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct IngestArgs {
    /// The exam: its id or a unique beginning of it; may be left out when there is only one.
    #[arg(long)]
    pub(crate) exam: Option<String>,
    /// Leave when everything is taken in; other processes read it.
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Folders whose sub-folders are packets named `PPPP-RRRR` (point and room), or one such packet folder.
    #[arg(required = true)]
    pub(crate) folders: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RecognizeArgs {
    /// Pictures (JPEG, PNG, TIFF, PDF), ZIP archives of them, or folders.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Folder of templates, or one template file; the built-in forms when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
    /// One JSON document per page.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// One line per field: page, field, value, confidence, doubts.
    #[arg(long)]
    pub(crate) csv: bool,
    /// Paint what was seen: a PNG file (one page) or a folder.
    #[arg(long, value_name = "OUT")]
    pub(crate) annotate: Option<PathBuf>,
    /// No form is looked for: list every bar code, QR code and Data Matrix of the pictures with its kind, text and place in pixels.
    #[arg(long, conflicts_with_all = ["templates", "annotate"])]
    pub(crate) codes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EvalArgs {
    /// `truth.csv` (a column `image`, one per field, and perhaps `template`: the form, when it is known) or a drawn exam's `truth.json`.
    #[arg(long, value_name = "FILE", required_unless_present = "synthetic")]
    pub(crate) truth: Option<PathBuf>,
    /// Folder of templates, or one template file; the built-in forms when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
    /// Folder that the names in the truth are relative to; the truth's own folder when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) images: Option<PathBuf>,
    /// The form is known: read every page with this template alone.
    #[arg(long, value_name = "ID")]
    pub(crate) template: Option<String>,
    /// Counts by class and page, and every field that is not right, as one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes an HTML page with a picture of every mismatch.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Writes how far confidences can be trusted: a table (CSV, JSON, HTML) and a plot (SVG), into this folder.
    #[arg(long, value_name = "OUT")]
    pub(crate) calibration: Option<PathBuf>,
    /// Draws exams with these seeds (`10` = 1 to 10, `11-20`) in memory instead, with every kind of defect, and counts also
    /// what the policy would show to people, and why.
    #[arg(long, value_name = "SEEDS", conflicts_with_all = ["truth", "templates", "images", "template", "report"])]
    pub(crate) synthetic: Option<String>,
    /// How many people sit each drawn exam.
    #[arg(long, default_value_t = 25, requires = "synthetic", value_parser = clap::value_parser!(u32).range(4..=20_000))]
    pub(crate) participants: u32,
    /// Lists every field of the drawn exams that is wrong and not shown, and every one that is shown.
    #[arg(long, requires = "synthetic")]
    pub(crate) list: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TemplateVerb {
    /// Check every template of a folder (or one file).
    Check { folder: PathBuf },
    /// List the built-in templates.
    List,
    /// Draw a blank.
    Render {
        /// Id of a built-in template or path of a template file.
        template: String,
        #[arg(long, value_name = "FILE", required_unless_present_any = ["png", "svg"])]
        pdf: Option<PathBuf>,
        #[arg(long, value_name = "FILE")]
        png: Option<PathBuf>,
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
        /// Print these values on it: `--set code=2310000000017 --set region=02`.
        #[arg(long = "set", value_name = "FIELD=VALUE")]
        values: Vec<String>,
        /// Resolution of the PNG.
        #[arg(long, default_value_t = 300.0)]
        dpi: f32,
    },
    /// Turn another program's layout into a template.
    #[command(subcommand)]
    Import(ImportVerb),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportVerb {
    /// OMRChecker's `template.json`; marker pictures are looked for beside it.
    Omrchecker(ImportArgs),
    /// Pages with corner discs and boxes, as Auto Multiple Choice prints them (JSON); a template for each page.
    Boxes(ImportArgs),
    /// FormScanner's `.xtmpl`.
    Formscanner(ImportArgs),
    /// open-mcr: bubble centres between corner marks (JSON); a template for each sheet.
    OpenMcr(ImportArgs),
    /// queXF's banding XML; a template for each page.
    Quexf(ImportArgs),
}

impl ImportVerb {
    pub(crate) fn args(&self) -> &ImportArgs {
        let (Self::Omrchecker(args) | Self::Boxes(args) | Self::Formscanner(args) | Self::OpenMcr(args) | Self::Quexf(args)) = self;
        args
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The layout; pictures that it names are looked for beside it.
    pub(crate) file: PathBuf,
    /// Template file to write; a folder when the layout has several pages (each is named by its own id).
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Picture of the empty form (PNG, TIFF, JPEG, PDF): it goes into the template, and what is printed at a box is then
    /// never taken for a mark. A clean scan or the form itself, upright. Once for each page of the layout, in its order,
    /// or one file with all pages. Its page is found by the form's own corner marks; for `formscanner` the picture must be
    /// the one the layout was made on. Takes the place of the picture that a layout of kind `boxes` names.
    #[arg(long, value_name = "PICTURE")]
    pub(crate) blank: Vec<PathBuf>,
    /// What the corner marks look like, where the layout does not tell (FormScanner): square, disc, ring, corner, cross.
    #[arg(long, value_name = "SHAPE", requires = "anchor_size")]
    pub(crate) anchor: Option<String>,
    /// Width of a corner mark in pixels of the layout.
    #[arg(long, value_name = "PIXELS", requires = "anchor")]
    pub(crate) anchor_size: Option<f32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExamVerb {
    /// Import an exam plan (`exam.json`).
    Import { file: PathBuf },
    /// List the exams.
    List {
        #[arg(long)]
        json: bool,
    },
    /// Packets, counts and what blocks closing.
    Status { exam: Option<String> },
    /// Seconds of people's time for a sheet, with and without each station.
    Estimate {
        exam: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Close the exam; refuses while anything is unsettled.
    Close { exam: Option<String> },
    /// Make the signed package of a closed exam.
    Package {
        exam: Option<String>,
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PackageVerb {
    /// Check sums and signatures; needs only the file and the public key.
    Verify {
        file: PathBuf,
        /// Public key (PEM).
        #[arg(long, value_name = "PUB")]
        key: PathBuf,
    },
    /// Make a key pair: FILE (private, kept secret) and FILE.pub.
    Keygen { file: PathBuf },
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserVerb {
    /// Add a person; the password is read from the terminal's standard input.
    Add {
        login: String,
        /// operator, verifier, senior, head or admin.
        #[arg(long)]
        role: String,
    },
    /// Who may log in.
    List,
    /// Take a person's access away; what he did stays.
    Disable { login: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditVerb {
    /// Walk the chain of hashes from the first act to the last.
    Verify,
}

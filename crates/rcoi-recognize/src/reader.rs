//! The facade: which form is it, how does it lie, what does it say. A plain chain of stages that do not know each other.

use crate::cells::{self, CellInk};
use crate::codes::{self, CodeRead};
use crate::glyph::GlyphClassifier;
use crate::handprint::{Embedded, ModelError};
use crate::known::{Known, Nothing, Prior};
use crate::locate::{Look, Scene, Sights, at_first_sight, by_print, locate};
use crate::marks::{self, Prints};
use crate::params::Params;
use crate::picture::Picture;
use crate::rectify::{self, Grid, Standing};
use crate::{presence, quality, witness};
use rcoi_model::{CharReading, Confidence, Doubt, FieldKind, FieldReading, FindingKind, Homography, PageReading, Placement, Quad};
use rcoi_template::{CodeField, Field, FieldSpec, Locate, Pattern, Template, TemplateSet};
use std::sync::OnceLock;

/// Why a reader cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    #[error("there is no template to read with")]
    NoTemplates,
    #[error("the handprint model is unusable: {0}")]
    Model(#[from] ModelError),
}

/// Reads pages of the forms of one template set. Shared by threads.
pub struct FormReader {
    templates: TemplateSet,
    /// Print of the mark boxes by template, sampled when it is first needed.
    prints: Vec<OnceLock<Prints>>,
    /// Where the boxes stand on the form, by template, gathered when it is first needed.
    grids: Vec<OnceLock<Grid>>,
    /// Print of whole sheets by template, drawn when it is first needed.
    looks: Vec<OnceLock<Option<Look>>>,
    params: Params,
    classifier: Box<dyn GlyphClassifier>,
    version: String,
}

impl FormReader {
    /// A reader with the classifier that is built in.
    pub fn new(templates: TemplateSet, params: Params) -> Result<Self, ReaderError> {
        Self::with_classifier(templates, params, Box::new(Embedded::load()?))
    }

    /// A reader with another classifier.
    pub fn with_classifier(templates: TemplateSet, params: Params, classifier: Box<dyn GlyphClassifier>) -> Result<Self, ReaderError> {
        if templates.templates.is_empty() {
            return Err(ReaderError::NoTemplates);
        }
        let version = format!("{} {}+{}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), classifier.version());
        let prints = templates.templates.iter().map(|_| OnceLock::new()).collect();
        let grids = templates.templates.iter().map(|_| OnceLock::new()).collect();
        let looks = templates.templates.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { templates, prints, grids, looks, params, classifier, version })
    }

    /// Stands in [`PageReading::engine`]; changes whenever readings may change.
    #[must_use]
    pub fn engine_version(&self) -> &str {
        &self.version
    }

    /// Reads one page. Never fails: what cannot be read is a doubt or a finding.
    #[must_use]
    pub fn read_page(&self, picture: &Picture) -> PageReading {
        self.read_page_with(picture, &Nothing)
    }

    /// Reads one page of which something is known beforehand.
    #[must_use]
    pub fn read_page_with(&self, picture: &Picture, known: &dyn Known) -> PageReading {
        let mut reading = PageReading {
            engine: self.version.clone(),
            template: None,
            placement: None,
            sheet_code: None,
            fields: Vec::new(),
            findings: Vec::new(),
            width: picture.gray.width(),
            height: picture.gray.height(),
        };
        if picture.gray.width() < 32 || picture.gray.height() < 32 {
            reading.findings.push(rcoi_model::Finding {
                kind: FindingKind::UnknownForm, detail: "картинка слишком мала".to_owned()
            });
            return reading;
        }
        let scene = Scene::new(&picture.gray, &self.params);
        let Some(found) = self.identify(&scene) else {
            reading.findings.push(quality::of_stranger(&scene));
            return reading;
        };
        reading.findings = quality::of_form(&scene, found.template, &found.placement, &self.params);
        reading.fields = self.read_fields(&scene, &found, known);
        reading.sheet_code = found.code.as_ref().map(|c| c.text.clone());
        reading.template = Some(found.template.id.clone());
        reading.placement = Some(found.placement);
        reading
    }

    /// The form whose marks are all there and whose code names it: nearly every sheet. One that lies upright before one that was turned,
    /// a clean code before one that must be read with care.
    fn at_first_sight(&self, scene: &Scene<'_>) -> Option<Found<'_>> {
        let (mut codes, mut sights) = (Codes::default(), Sights::default());
        for turn in 0..4 {
            let mut layouts: Vec<(&Template, Option<Placement>)> = Vec::new();
            let mut fits: Vec<Found<'_>> = Vec::new();
            for (index, template) in self.templates.templates.iter().enumerate().filter(|(_, t)| !t.identity.prefix.is_empty()) {
                let known = layouts.iter().find(|(t, _)| same_layout(t, template)).map(|(_, p)| p.clone());
                let placement = known.unwrap_or_else(|| {
                    let placement = at_first_sight(scene, template, turn, &mut sights, &self.params);
                    layouts.push((template, placement.clone()));
                    placement
                });
                let Some(placement) = placement else { continue };
                let mut found = Found { index, template, placement, code: None, codes: Codes::default(), standing: None };
                found.code = codes.sheet_code(scene, &found, false, &self.params);
                if found.named() {
                    return Some(Found { codes, ..found });
                }
                fits.push(found);
            }
            for mut found in fits {
                found.code = codes.sheet_code(scene, &found, true, &self.params);
                if found.named() {
                    return Some(Found { codes, ..found });
                }
            }
        }
        None
    }

    /// Places the templates (equal anchor layouts once) and chooses: the one whose code says so, else the best fit.
    fn identify(&self, scene: &Scene<'_>) -> Option<Found<'_>> {
        if let Some(found) = self.at_first_sight(scene) {
            return Some(found);
        }
        let mut layouts: Vec<(&Template, Vec<Placement>)> = Vec::new();
        let mut fits: Vec<Found<'_>> = Vec::new();
        let mut codes = Codes::default();
        for (index, template) in self.templates.templates.iter().enumerate() {
            let known = layouts.iter().find(|(t, _)| same_layout(t, template)).map(|(_, p)| p.clone());
            let mut placements = known.unwrap_or_else(|| {
                let placements = locate(scene, template, &self.params);
                layouts.push((template, placements.clone()));
                placements
            });
            if (placements.is_empty() && !scene.is_blank()) || (template.blank.is_some() && !matches!(template.locate, Locate::Anchors(_)))
            {
                let seen = self.look(template).and_then(|look| by_print(scene, template, look, &placements, &self.params));
                placements = seen.map_or(placements, |placement| vec![placement]);
            }
            for placement in placements {
                let mut found = Found { index, template, placement, code: None, codes: Codes::default(), standing: None };
                found.code = codes.sheet_code(scene, &found, false, &self.params);
                if found.named() {
                    return Some(Found { codes, ..found });
                }
                fits.push(found);
            }
        }
        // No clean code tells: all are read with care.
        for found in fits.iter_mut().filter(|f| f.code.is_none()) {
            found.code = codes.sheet_code(scene, found, true, &self.params);
        }
        if let Some(named) = fits.iter().position(Found::named) {
            return Some(Found { codes, ..fits.swap_remove(named) });
        }
        if fits.len() < 2 {
            return fits.pop().map(|found| Found { codes, ..found });
        }
        // No code tells: the form whose anchors fit best and whose print the page shows. Where that leaves a doubt, the boxes must
        // stand where print is.
        let cheap: Vec<f32> = fits.iter().map(|f| self.plausibility(scene, f)).collect();
        let most = cheap.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let rivals: Vec<usize> = (0..fits.len()).filter(|i| cheap[*i] > most - self.params.clear_lead).collect();
        if rivals.len() > 1 {
            for i in &rivals {
                fits[*i].standing = Some(self.stand(scene, &fits[*i]));
            }
        }
        let score = |i: usize| cheap[i] + fits[i].standing.as_ref().map_or(0.0, |s| s.print);
        let best = rivals.into_iter().max_by(|a, b| score(*a).total_cmp(&score(*b)))?;
        Some(Found { codes, ..fits.swap_remove(best) })
    }

    /// How likely it is that the form lies so: its anchors, its code, its print. Only differences mean anything.
    fn plausibility(&self, scene: &Scene<'_>, found: &Found<'_>) -> f32 {
        let (template, placement) = (found.template, &found.placement);
        let share = if placement.anchors_total == 0 { 0.5 } else { placement.anchors_found as f32 / placement.anchors_total as f32 };
        let code = if found.code.is_some() { 0.5 } else { 0.0 };
        let promised = if template.upright && placement.quarter_turns == 0 { self.params.clear_lead } else { 0.0 };
        let look = self.look(template).map_or(0.0, |look| look.agreement(scene, template, &placement.form_to_picture));
        share - placement.residual / template.width * 20.0 + code + promised + look
    }

    /// The print of a whole form; `None` when nobody knows it.
    fn look(&self, template: &Template) -> Option<&Look> {
        let place = self.templates.templates.iter().position(|t| t.id == template.id)?;
        self.looks.get(place)?.get_or_init(|| Look::of(template)).as_ref()
    }

    fn stand(&self, scene: &Scene<'_>, found: &Found<'_>) -> Standing {
        let grid = self.grids[found.index].get_or_init(|| Grid::of(found.template));
        rectify::stand(&scene.page, &found.placement.form_to_picture, found.template, grid, scene.black, &self.params)
    }

    /// Print of the mark boxes of a form.
    fn print_of(&self, found: &Found<'_>) -> &Prints {
        self.prints[found.index].get_or_init(|| Prints::of(found.template))
    }

    fn read_fields(&self, scene: &Scene<'_>, found: &Found<'_>, known: &dyn Known) -> Vec<FieldReading> {
        let page = &scene.page;
        let measured;
        let standing = match &found.standing {
            Some(standing) => standing,
            None => {
                measured = self.stand(scene, found);
                &measured
            }
        };
        let maps = &standing.maps;
        // First everything is cut, then all characters are named in one batch, then fields are judged.
        let cut: Vec<(Vec<CellInk>, &str)> = found
            .template
            .fields
            .iter()
            .zip(maps)
            .map(|(field, map)| match &field.spec {
                FieldSpec::Cells(spec) => (cells::cut_cells(page, map, spec, scene.black, &self.params), spec.alphabet.as_str()),
                _ => (Vec::new(), ""),
            })
            .collect();
        let rows = cells::classify(self.classifier.as_ref(), &cut);
        let boxes = marks::measure(page, maps, found.template, self.print_of(found), scene.black);
        let known = known.sheet(&found.template.form, found.code.as_ref().map(|c| c.text.as_str()));
        let mut readings: Vec<FieldReading> = found
            .template
            .fields
            .iter()
            .enumerate()
            .zip(maps)
            .map(|((i, field), map)| match &field.spec {
                FieldSpec::Code(spec) => self.code_field(scene, found, field, spec),
                FieldSpec::Marks(spec) => {
                    let (marks, value, confidence, doubts) = boxes.judge(i, spec, &self.params);
                    let mut reading = blank(field, FieldKind::Marks, map.apply_rect(&field.spec.bounds()));
                    (reading.marks, reading.value, reading.confidence, reading.doubts) = (marks, value, confidence, doubts);
                    if !standing.sure {
                        reading.doubts.push(Doubt::OffsetInk);
                    }
                    required(field, reading)
                }
                FieldSpec::Cells(_) => self.cells_field(scene, map, field, (&cut[i].0, &rows[i]), &known(&field.name)),
                FieldSpec::Ink(area) | FieldSpec::Image(area) => {
                    let share = presence::ink_share(page, map, area, scene.black, &self.params);
                    let kind = if matches!(field.spec, FieldSpec::Ink(_)) { FieldKind::Ink } else { FieldKind::Image };
                    let mut reading = blank(field, kind, map.apply_rect(area));
                    (reading.value, reading.confidence) = presence::judge(share, &self.params);
                    required(field, reading)
                }
            })
            .collect();
        witness::compare(found.template, &mut readings, &self.params);
        readings
    }

    /// `inks` = its cells, each that holds a character with a row of `rows`.
    fn cells_field(
        &self,
        scene: &Scene<'_>,
        map: &Homography,
        field: &Field,
        (inks, rows): (&[CellInk], &[Vec<f32>]),
        prior: &Prior,
    ) -> FieldReading {
        let mut reading = blank(field, FieldKind::Cells, map.apply_rect(&field.spec.bounds()));
        let FieldSpec::Cells(spec) = &field.spec else { return reading };
        let filled: Vec<usize> = (0..inks.len()).filter(|i| matches!(inks[*i], CellInk::Glyph(_))).collect();
        let mut named: Vec<Vec<f32>> = rows.to_vec();
        prior.weigh(&mut named, &filled, self.classifier.classes(), &self.params);
        cells::one_kind(&mut named, self.classifier.classes());
        let mut named = named.iter();
        let mut crossed = Vec::with_capacity(inks.len());
        let mut damaged = false;
        for ((ink, area), struck) in inks.iter().zip(&spec.cells).zip(cells::struck(inks)) {
            let area = map.apply_rect(area);
            let mut one = CharReading { ch: None, empty: true, confidence: Confidence::SURE, rivals: Vec::new(), area };
            let mut out = false;
            match ink {
                CellInk::Empty => {}
                CellInk::Outside => damaged = true,
                CellInk::Glyph(_) => {
                    if let Some(row) = named.next() {
                        one.empty = false;
                        (one.ch, one.confidence, one.rivals, out) = cells::name(row, self.classifier.classes(), &self.params);
                    }
                }
            }
            crossed.push(out || struck);
            reading.chars.push(one);
        }
        (reading.value, reading.confidence, reading.doubts) = cells::join(&reading.chars, &crossed, &self.params);
        let forbidden = prior.forbidden(reading.chars.iter().map(|c| c.ch));
        if !forbidden.is_empty() {
            reading.doubts.push(Doubt::NotPermitted { cells: forbidden });
        }
        if damaged {
            reading.doubts.push(Doubt::Damaged);
        }
        if let Some(area) = &spec.overflow
            && reading.chars.last().is_some_and(|c| !c.empty)
            && presence::ink_share(&scene.page, map, area, scene.black, &self.params) > 3.0 * self.params.ink_present
        {
            reading.doubts.push(Doubt::Overflow);
        }
        if !reading.value.is_empty() && !spec.pattern.is_empty() {
            match Pattern::parse(&spec.pattern) {
                Ok(pattern) if !pattern.accepts(&reading.value) => {
                    reading.doubts.push(Doubt::PatternFailed { expected: spec.pattern.clone() });
                }
                _ => {}
            }
        }
        // A linked sheet is named by its code: thirteen digits with a check digit.
        if field.class == "link" && !reading.value.is_empty() && !rcoi_model::CheckDigit::Gs1.accepts(&reading.value) {
            reading.doubts.push(Doubt::ChecksumFailed);
        }
        required(field, reading)
    }

    fn code_field(&self, scene: &Scene<'_>, found: &Found<'_>, field: &Field, spec: &CodeField) -> FieldReading {
        let map = &found.placement.form_to_picture;
        let mut reading = blank(field, FieldKind::Code, map.apply_rect(&spec.area));
        let is_identity = found.template.identity.sheet_code.as_deref() == Some(field.name.as_str());
        // The identity was read when the form was identified, from either witness.
        let known = if is_identity { found.code.clone() } else { None };
        let read = || found.codes.known(map, spec, true).unwrap_or_else(|| codes::read(&scene.page, map, spec, &self.params));
        match known.or_else(read) {
            Some(code) => {
                if !codes::obeys(spec, &code.text) {
                    reading.doubts.push(Doubt::ChecksumFailed);
                }
                if code.confidence < self.params.sure_code {
                    reading.doubts.push(Doubt::CodeUnreadable);
                }
                reading.value = code.text;
                reading.confidence = Confidence::new(code.confidence);
            }
            None => {
                reading.confidence = Confidence::NONE;
                if is_identity || field.required {
                    reading.doubts.push(Doubt::CodeUnreadable);
                }
            }
        }
        reading
    }
}

/// True for forms that lie alike in every picture.
fn same_layout(a: &Template, b: &Template) -> bool {
    a.locate == b.locate && a.width == b.width && a.height == b.height
}

/// A template that lies in the picture.
struct Found<'t> {
    /// Its place in the set.
    index: usize,
    template: &'t Template,
    placement: Placement,
    code: Option<CodeRead>,
    /// What was read while the form was identified.
    codes: Codes<'t>,
    /// Where its boxes stand, when that was needed to tell the form.
    standing: Option<Standing>,
}

impl Found<'_> {
    /// True when the code says that it is this form.
    fn named(&self) -> bool {
        let prefix = &self.template.identity.prefix;
        !prefix.is_empty() && self.code.as_ref().is_some_and(|c| c.text.starts_with(prefix.as_str()))
    }
}

/// Codes of one page that were read already: forms often have theirs at the same place.
#[derive(Default)]
struct Codes<'t>(Vec<Seen<'t>>);

/// A look at one place.
struct Seen<'t> {
    map: Homography,
    spec: &'t CodeField,
    /// All means were used; else nothing but a clean code would have been read.
    careful: bool,
    read: Option<CodeRead>,
}

impl<'t> Codes<'t> {
    /// What an earlier look saw, if that settles the matter.
    fn known(&self, map: &Homography, spec: &CodeField, careful: bool) -> Option<Option<CodeRead>> {
        let settled = |s: &&Seen<'_>| s.map == *map && s.spec == spec && (s.careful || !careful || s.read.is_some());
        self.0.iter().find(settled).map(|s| s.read.clone())
    }

    /// The sheet code, from the identity field or, when that is damaged, from a field that carries the same fact. Only what is sure
    /// names a sheet. Not `careful`: only a clean one.
    fn sheet_code(&mut self, scene: &Scene<'_>, found: &Found<'t>, careful: bool, params: &Params) -> Option<CodeRead> {
        let name = found.template.identity.sheet_code.as_deref()?;
        let fields = found.template.fields.iter().filter(|f| f.name == name || f.same_as.as_deref() == Some(name));
        let mut fields: Vec<_> = fields.filter_map(|f| if let FieldSpec::Code(spec) = &f.spec { Some((f, spec)) } else { None }).collect();
        fields.sort_by_key(|(f, _)| f.name != name);
        let map = found.placement.form_to_picture;
        fields.into_iter().find_map(|(_, spec)| {
            let read = self.known(&map, spec, careful).unwrap_or_else(|| {
                let read = if careful { codes::read(&scene.page, &map, spec, params) } else { codes::glance(&scene.page, &map, spec) };
                self.0.push(Seen { map, spec, careful, read: read.clone() });
                read
            });
            read.filter(|c| c.confidence >= params.sure_code && !c.text.is_empty() && codes::obeys(spec, &c.text))
        })
    }
}

fn blank(field: &Field, kind: FieldKind, area: Quad) -> FieldReading {
    FieldReading {
        name: field.name.clone(),
        kind,
        class: field.class.clone(),
        value: String::new(),
        confidence: Confidence::SURE,
        doubts: Vec::new(),
        area,
        chars: Vec::new(),
        marks: Vec::new(),
    }
}

fn required(field: &Field, mut reading: FieldReading) -> FieldReading {
    if field.required && reading.value.is_empty() {
        reading.doubts.push(Doubt::Missing);
    }
    reading
}

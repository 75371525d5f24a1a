//! Pictures of a window without a GPU: the triangles egui hands out, drawn one by one.
//!
//! Promises: the same triangles give the same bytes on one machine; needs no display, no driver, no
//! GPU.
//! Does not know: paint callbacks (the product uses none).
//!
//! Colours are blended as egui's GPU painters do it: premultiplied, in gamma space, without
//! conversion to linear light.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "pixels: places on a screen become numbers of pixels, and an edge that two triangles share is the same to the bit"
)]

use std::collections::HashMap;

use egui::epaint::{ClippedPrimitive, ImageDelta, Primitive, Vertex};
use egui::{Color32, ColorImage, ImageData, Mesh, Pos2, Rect, TextureId, TexturesDelta};
use egui_kittest::TestRenderer;
use image::RgbaImage;

/// Draws on the CPU. Give it to `Harness::builder().renderer(…)`.
#[derive(Default)]
pub(crate) struct SoftRenderer {
    /// The textures as they are now.
    textures: HashMap<TextureId, ColorImage>,
}

impl TestRenderer for SoftRenderer {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        let mut ids: Vec<TextureId> = delta.set.keys().copied().collect();
        ids.sort_by_key(|id| format!("{id:?}"));
        for id in ids {
            for change in delta.set.remove(&id).into_iter().flatten() {
                self.apply(id, &change);
            }
        }
        self.textures.retain(|id, _| !delta.free.contains(id));
        delta.clear();
    }

    fn render(
        &mut self,
        ctx: &egui::Context,
        output: &egui::FullOutput,
    ) -> Result<RgbaImage, String> {
        let pixels_per_point = output.pixels_per_point;
        let size = ctx.content_rect().size() * pixels_per_point;
        let mut canvas = Canvas::new(size.x.round() as usize, size.y.round() as usize);
        for ClippedPrimitive { clip_rect, primitive } in
            ctx.tessellate(output.shapes.clone(), pixels_per_point)
        {
            let Primitive::Mesh(mesh) = primitive else {
                return Err("a paint callback cannot be drawn".to_owned());
            };
            let Some(texture) = self.textures.get(&mesh.texture_id) else {
                return Err(format!("no texture {:?}", mesh.texture_id));
            };
            canvas.draw_mesh(&mesh, texture, clip_rect, pixels_per_point);
        }
        canvas.into_image()
    }
}

impl SoftRenderer {
    /// Puts a change into a texture.
    fn apply(&mut self, id: TextureId, change: &ImageDelta) {
        let ImageData::Color(patch) = &change.image;
        let Some([left, top]) = change.pos else {
            self.textures.insert(id, patch.as_ref().clone());
            return;
        };
        let texture = self.textures.get_mut(&id).expect("a patch comes after the whole texture");
        for y in 0..patch.height() {
            for x in 0..patch.width() {
                texture[(left + x, top + y)] = patch[(x, y)];
            }
        }
    }
}

/// What is drawn on. Colours are premultiplied, from 0 to 255.
struct Canvas {
    /// The width in pixels.
    width: usize,
    /// The height in pixels.
    height: usize,
    /// The pixels, line by line.
    pixels: Vec<[f32; 4]>,
}

/// A corner of a triangle in pixels.
#[derive(Clone, Copy)]
struct Corner {
    /// Where it is.
    pos: Pos2,
    /// Where its texel is, in texels.
    texel: Pos2,
    /// Its colour.
    color: [f32; 4],
}

impl Canvas {
    /// A canvas of this size in pixels, transparent.
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 4]; width * height] }
    }

    /// Draws a mesh within a rectangle in points.
    fn draw_mesh(&mut self, mesh: &Mesh, texture: &ColorImage, clip: Rect, pixels_per_point: f32) {
        let corner = |vertex: &Vertex| Corner {
            pos: (vertex.pos.to_vec2() * pixels_per_point).to_pos2(),
            texel: egui::pos2(
                vertex.uv.x * texture.width() as f32 - 0.5,
                vertex.uv.y * texture.height() as f32 - 0.5,
            ),
            color: channels(vertex.color),
        };
        let edge = |value: f32, limit: usize| {
            ((value * pixels_per_point).round().max(0.0) as usize).min(limit)
        };
        let x = edge(clip.left(), self.width)..edge(clip.right(), self.width);
        let y = edge(clip.top(), self.height)..edge(clip.bottom(), self.height);
        for [a, b, c] in mesh.triangles() {
            let corners = [a, b, c].map(|index| corner(&mesh.vertices[index as usize]));
            self.draw_triangle(corners, texture, &x, &y);
        }
    }

    /// Draws a triangle: every pixel whose centre lies in it, those on an edge for one of the two
    /// triangles that share it.
    fn draw_triangle(
        &mut self,
        [a, mut b, mut c]: [Corner; 3],
        texture: &ColorImage,
        clip_x: &std::ops::Range<usize>,
        clip_y: &std::ops::Range<usize>,
    ) {
        let mut area = cross(a.pos, b.pos, c.pos);
        if area < 0.0 {
            std::mem::swap(&mut b, &mut c);
            area = -area;
        }
        if area <= 0.0 {
            return;
        }
        let (xs, ys) = ([a.pos.x, b.pos.x, c.pos.x], [a.pos.y, b.pos.y, c.pos.y]);
        let range = |values: [f32; 3], clip: &std::ops::Range<usize>| {
            let least = values.into_iter().fold(f32::INFINITY, f32::min);
            let greatest = values.into_iter().fold(f32::NEG_INFINITY, f32::max);
            let first = (least - 0.5).ceil().max(clip.start as f32) as usize;
            let end = ((greatest - 0.5).floor() + 1.0).clamp(0.0, clip.end as f32) as usize;
            first..end
        };
        let edges = [(b.pos, c.pos), (c.pos, a.pos), (a.pos, b.pos)];
        // A plain colour needs no lookup for each pixel.
        let plain = (a.texel == b.texel && b.texel == c.texel).then(|| texel(texture, a.texel));
        for y in range(ys, clip_y) {
            for x in range(xs, clip_x) {
                let center = egui::pos2(x as f32 + 0.5, y as f32 + 0.5);
                let weights = edges.map(|(from, to)| cross(from, to, center));
                let inside = std::iter::zip(weights, edges).all(|(weight, (from, to))| {
                    weight > 0.0 || (weight == 0.0 && is_top_or_left(from, to))
                });
                if !inside {
                    continue;
                }
                let [wa, wb, wc] = weights.map(|weight| weight / area);
                let mix = |of: fn(&Corner) -> f32| of(&a) * wa + of(&b) * wb + of(&c) * wc;
                let texel = plain.unwrap_or_else(|| {
                    texel(
                        texture,
                        egui::pos2(mix(|corner| corner.texel.x), mix(|corner| corner.texel.y)),
                    )
                });
                let color = [
                    mix(|corner| corner.color[0]),
                    mix(|corner| corner.color[1]),
                    mix(|corner| corner.color[2]),
                    mix(|corner| corner.color[3]),
                ];
                let pixel = &mut self.pixels[y * self.width + x];
                let alpha = color[3] * texel[3] / 255.0;
                for channel in 0..4 {
                    let source = color[channel] * texel[channel] / 255.0;
                    pixel[channel] = source + pixel[channel] * (1.0 - alpha / 255.0);
                }
            }
        }
    }

    /// The picture.
    fn into_image(self) -> Result<RgbaImage, String> {
        let bytes = self
            .pixels
            .iter()
            .flatten()
            .map(|channel| channel.round().clamp(0.0, 255.0) as u8)
            .collect();
        let (width, height) = (self.width as u32, self.height as u32);
        RgbaImage::from_raw(width, height, bytes)
            .ok_or_else(|| "the picture has a wrong size".to_owned())
    }
}

/// Twice the area of a triangle; positive when it turns clockwise on the screen.
fn cross(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// Whether pixels on this edge belong to the triangle that turns clockwise.
fn is_top_or_left(from: Pos2, to: Pos2) -> bool {
    to.y < from.y || (to.y == from.y && to.x > from.x)
}

/// A colour's channels.
fn channels(color: Color32) -> [f32; 4] {
    color.to_array().map(f32::from)
}

/// The colour between the four texels around a place.
fn texel(texture: &ColorImage, at: Pos2) -> [f32; 4] {
    let limit = |value: f32, size: usize| (value.max(0.0) as usize).min(size - 1);
    let (left, top) = (at.x.floor(), at.y.floor());
    let (right_share, bottom_share) = (at.x - left, at.y - top);
    let get =
        |x: f32, y: f32| channels(texture[(limit(x, texture.width()), limit(y, texture.height()))]);
    if right_share == 0.0 && bottom_share == 0.0 {
        return get(left, top);
    }
    let rows =
        [get(left, top), get(left + 1.0, top), get(left, top + 1.0), get(left + 1.0, top + 1.0)];
    std::array::from_fn(|channel| {
        let upper = rows[0][channel] * (1.0 - right_share) + rows[1][channel] * right_share;
        let lower = rows[2][channel] * (1.0 - right_share) + rows[3][channel] * right_share;
        upper * (1.0 - bottom_share) + lower * bottom_share
    })
}

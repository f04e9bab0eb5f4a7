//! Paints a frame without a graphics card: triangles with textures, blended as the toolkit's painters do it (premultiplied
//! alpha, gamma space). Slow and exact enough to look at, to scan, and to compare.

use eframe::egui::epaint::{ClippedPrimitive, ImageData, Mesh, Primitive, Vertex};
use eframe::egui::{Color32, ColorImage, Context, FullOutput, TextureId, TexturesDelta, pos2};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use std::collections::HashMap;
use std::path::Path;

/// The textures of a window, kept up to date frame by frame.
#[derive(Default)]
pub struct Textures(HashMap<TextureId, ColorImage>);

impl Textures {
    /// Takes in what a frame changed.
    pub fn update(&mut self, delta: &TexturesDelta) {
        for (id, delta) in delta.set.iter().flat_map(|(id, deltas)| deltas.iter().map(move |delta| (id, delta))) {
            let ImageData::Color(image) = &delta.image;
            match delta.pos {
                None => {
                    self.0.insert(*id, image.as_ref().clone());
                }
                Some([left, top]) => {
                    let whole = self.0.get_mut(id).unwrap();
                    let [width, height] = image.size;
                    for y in 0..height {
                        let at = (top + y) * whole.size[0] + left;
                        whole.pixels[at..at + width].copy_from_slice(&image.pixels[y * width..(y + 1) * width]);
                    }
                }
            }
        }
        // textures freed in a frame are still used by it; their few bytes may stay
    }

    /// Paints a frame of this size, in points.
    pub fn paint(&self, ctx: &Context, output: &FullOutput, width: f32, height: f32) -> Picture {
        let scale = output.pixels_per_point;
        let size = [(width * scale).round() as usize, (height * scale).round() as usize];
        let mut picture = Picture { size, pixels: vec![[0.0; 4]; size[0] * size[1]] };
        for ClippedPrimitive { clip_rect, primitive } in ctx.tessellate(output.shapes.clone(), scale) {
            let Primitive::Mesh(mesh) = primitive else { continue };
            let texture = &self.0[&mesh.texture_id];
            let clip =
                [clip_rect.min.x, clip_rect.min.y, clip_rect.max.x, clip_rect.max.y].map(|at| (at * scale).round());
            picture.mesh(&mesh, texture, scale, clip);
        }
        picture
    }
}

/// A painted frame.
pub struct Picture {
    /// Width and height in pixels.
    pub size: [usize; 2],
    pixels: Vec<[f32; 4]>,
}

impl Picture {
    /// Writes it as PNG.
    pub fn save(&self, path: &Path) {
        let mut bytes = Vec::with_capacity(self.pixels.len() * 3);
        for pixel in &self.pixels {
            for channel in &pixel[..3] {
                bytes.push((channel + 0.5) as u8);
            }
        }
        let [width, height] = self.size.map(|side| u32::try_from(side).unwrap());
        let file = std::fs::File::create(path).unwrap();
        // quick rather than small
        PngEncoder::new_with_quality(file, CompressionType::Fast, FilterType::NoFilter)
            .write_image(&bytes, width, height, ExtendedColorType::Rgb8)
            .unwrap();
    }

    fn mesh(&mut self, mesh: &Mesh, texture: &ColorImage, scale: f32, clip: [f32; 4]) {
        for triangle in mesh.indices.chunks_exact(3) {
            let corners = [0, 1, 2].map(|n| mesh.vertices[triangle[n] as usize]);
            self.triangle(corners, texture, scale, clip);
        }
    }

    fn triangle(&mut self, mut corners: [Vertex; 3], texture: &ColorImage, scale: f32, clip: [f32; 4]) {
        for corner in &mut corners {
            corner.pos = pos2(corner.pos.x * scale, corner.pos.y * scale);
        }
        let area = Edge::between(&corners[0], &corners[1]).at(corners[2].pos.x, corners[2].pos.y);
        if area == 0.0 {
            return;
        }
        if area < 0.0 {
            corners.swap(1, 2);
        }
        let [a, b, c] = corners;
        let edges = [Edge::between(&b, &c), Edge::between(&c, &a), Edge::between(&a, &b)];
        let plain = a.uv == b.uv && b.uv == c.uv && a.color == b.color && b.color == c.color;
        let one = shade(texture, &corners, [1.0, 0.0, 0.0]);
        let top = a.pos.y.min(b.pos.y).min(c.pos.y).floor().max(clip[1]).max(0.0) as usize;
        let bottom = a.pos.y.max(b.pos.y).max(c.pos.y).ceil().min(clip[3]).min(self.size[1] as f32) as usize;
        for y in top..bottom {
            let middle = y as f32 + 0.5;
            let (mut from, mut to) = (clip[0].max(0.0) as usize, clip[2].min(self.size[0] as f32).max(0.0) as usize);
            for edge in &edges {
                edge.narrow(middle, &mut from, &mut to);
            }
            if from >= to {
                continue;
            }
            let row = &mut self.pixels[y * self.size[0] + from..y * self.size[0] + to];
            if plain && one[3] >= 255.0 {
                row.fill(one);
                continue;
            }
            for (column, pixel) in row.iter_mut().enumerate() {
                let source = if plain {
                    one
                } else {
                    let x = (from + column) as f32 + 0.5;
                    let area = area.abs();
                    let weights = [edges[0].at(x, middle), edges[1].at(x, middle), edges[2].at(x, middle)];
                    shade(texture, &corners, [weights[0] / area, weights[1] / area, weights[2] / area])
                };
                let left = 1.0 - source[3] / 255.0;
                for n in 0..4 {
                    pixel[n] = source[n] + pixel[n] * left;
                }
            }
        }
    }
}

/// A side of a triangle: positive to the inside.
struct Edge {
    from: [f32; 2],
    step: [f32; 2],
    /// Of two triangles with this side in common, this one has the pixels on it.
    owns: bool,
}

impl Edge {
    fn between(from: &Vertex, to: &Vertex) -> Self {
        let step = [to.pos.x - from.pos.x, to.pos.y - from.pos.y];
        let owns = step[1] < 0.0 || step[1] == 0.0 && step[0] > 0.0;
        Self { from: [from.pos.x, from.pos.y], step, owns }
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        self.step[0] * (y - self.from[1]) - self.step[1] * (x - self.from[0])
    }

    fn has(&self, x: usize, y: f32) -> bool {
        let value = self.at(x as f32 + 0.5, y);
        value > 0.0 || self.owns && value == 0.0
    }

    /// Leaves of a row of pixels those inside.
    fn narrow(&self, y: f32, from: &mut usize, to: &mut usize) {
        if *from >= *to {
            return;
        }
        if self.step[1] == 0.0 {
            if !self.has(*from, y) {
                *to = *from;
            }
            return;
        }
        let crossing = self.from[0] + self.step[0] * (y - self.from[1]) / self.step[1] - 0.5;
        let near = crossing.floor().clamp(*from as f32, *to as f32) as usize;
        // the crossing is exact to a pixel; which side it falls on is asked
        if self.step[1] < 0.0 {
            *from = (near.saturating_sub(1)..=near + 1).find(|x| self.has(*x, y)).unwrap_or(*to).clamp(*from, *to);
        } else {
            *to = (near.saturating_sub(1)..=near + 1).find(|x| !self.has(*x, y)).unwrap_or(*to).clamp(*from, *to);
        }
    }
}

/// Colour at a point of a triangle, given the shares of its corners.
fn shade(texture: &ColorImage, corners: &[Vertex; 3], shares: [f32; 3]) -> [f32; 4] {
    let (mut uv, mut color) = ([0.0; 2], [0.0; 4]);
    for (corner, share) in corners.iter().zip(shares) {
        uv[0] += corner.uv.x * share;
        uv[1] += corner.uv.y * share;
        for (sum, channel) in color.iter_mut().zip(corner.color.to_array()) {
            *sum += f32::from(channel) * share;
        }
    }
    let sampled = sample(texture, uv[0], uv[1]);
    for (channel, factor) in color.iter_mut().zip(sampled) {
        *channel *= factor / 255.0;
    }
    color
}

/// The texture between its four nearest pixels.
fn sample(texture: &ColorImage, u: f32, v: f32) -> [f32; 4] {
    let [width, height] = texture.size;
    let (x, y) = (u * width as f32 - 0.5, v * height as f32 - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (dx, dy) = (x - left, y - top);
    let mut mixed = [0.0; 4];
    for (over, across) in [(0.0, 1.0 - dx), (1.0, dx)] {
        for (down, along) in [(0.0, 1.0 - dy), (1.0, dy)] {
            let column = ((left + over).max(0.0) as usize).min(width - 1);
            let row = ((top + down).max(0.0) as usize).min(height - 1);
            let color: Color32 = texture.pixels[row * width + column];
            for (sum, channel) in mixed.iter_mut().zip(color.to_array()) {
                *sum += f32::from(channel) * across * along;
            }
        }
    }
    mixed
}

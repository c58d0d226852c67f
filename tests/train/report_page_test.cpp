// report.html: well-formed, alone, with everything in it, escaped.
#include "train/report_page.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/os.h"
#include "io/png.h"
#include "report/encoding.h"
#include "support/files.h"
#include "support/markup.h"

using namespace tuff;

namespace {

ReportContent content() {
  ReportContent page;
  page.options = default_options("unet");
  page.options.images = "cells <b> & \"more\"";
  page.options.lr = 0.01;
  page.metrics = {{"val_dice", "Dice"}, {"val_iou", "IoU"}};
  page.parts = {"discriminator"};
  page.rows = {{1, 100, 0.5, {0.6, 0.5}, 1e-2, 10}, {2, 200, 0.3, {0.8, 0.7}, 1e-3, 20}};
  for (std::int64_t step = 1; step <= 200; ++step)
    page.losses.push_back({.step = step,
                           .loss = 1.0 / static_cast<double>(step),
                           .gradient_norm = 100.0 / static_cast<double>(step * step),
                           .parts = {0.5}});
  page.losses[5].loss = std::numeric_limits<double>::quiet_NaN();
  page.norms = {
      {200, {.kind = LayerNorm::Kind::layer, .name = "encoder.0.norm1", .rms = 1, .zeros = 0.999}},
      {200,
       {.kind = LayerNorm::Kind::parameter, .name = "head.weight", .rms = 1, .gradient_rms = 0.1, .matrix = true}}};
  page.pictures = {{"cell<1>", {{"image", test::random_image(1, 6, 8)}, {"truth", test::random_image(3, 6, 8)}}}};
  page.steps = 200;
  page.best_score = 0.8;
  page.best_step = 200;
  page.device = "llvmpipe (LLVM 19.1.7, 256 bits)";
  page.timing = {.steps = 200, .stepping = 50, .loading = 2, .validation = 3};
  return page;
}

}  // namespace

TEST_CASE("report page: well-formed, and it needs no other file") {
  const std::string page = report_page(content());
  CHECK(test::markup_fault(page) == "");
  CHECK(page.starts_with("<!DOCTYPE html>"));
  for (const char* outside : {"http:", "https:", "//www", "url(", "@import", "<script", "<link", "<b>"})
    CHECK_MESSAGE(!test::contains(page, outside), outside);
  for (const char* number : {">nan", " nan", ",nan", "\"nan", ">-nan", " -nan", ",-nan", "\"-nan"})
    CHECK_FALSE(test::contains(page, number));
}

TEST_CASE("report page: curves, pictures, layers with what is wrong, timing, configuration") {
  const std::string page = report_page(content());
  for (const char* part :
       {"training loss", "training: discriminator", "validation: Dice", "validation: IoU", "norm of the gradients",
        "learning rate", "best validation Dice: 0.8000, at step 200", "cell&lt;1&gt;",
        "dead ReLUs, of whose outputs 99 % or more are 0", "&quot;encoder.0.norm1&quot;", "head.weight",
        "steps per second", "llvmpipe (LLVM 19.1.7, 256 bits)", "cells &lt;b&gt; &amp; &quot;more&quot;",
        "prefers-color-scheme:dark"})
    CHECK_MESSAGE(test::contains(page, part), part);
  const std::vector<std::byte> png = serialize_png(content().pictures[0].pictures[0].image);
  CHECK(test::contains(page, "data:image/png;base64," + base64(png)));
  CHECK(test::contains(page, "<td class=\"set\">0.01</td>"));  // --lr isn't its default
  CHECK(test::contains(page, "<td class=\"\">adam</td>"));
}

TEST_CASE("report page: gradients that grow and grow are told of") {
  ReportContent page = content();
  CHECK_FALSE(test::contains(report_page(page), "exploding gradients"));
  for (StepLoss& step : page.losses) step.gradient_norm = 0.5 * static_cast<double>(step.step * step.step);
  CHECK_FALSE(test::contains(report_page(page), "exploding gradients"));
  for (StepLoss& step : page.losses) step.gradient_norm *= static_cast<double>(step.step * step.step);
  CHECK(test::contains(report_page(page), "exploding gradients: their norm has risen from 7.32e+03 to 6.65e+08"));
}

TEST_CASE("report page: pictures that other parts left in the run's folder") {
  const test::TemporaryFolder folder;
  write_image(folder / "pattern.png", test::random_image(1, 4, 4));
  ReportContent page = content();
  page.more_pictures = {folder / "pattern.png"};
  const std::string text = report_page(page);
  CHECK(test::contains(text, "<figcaption>pattern</figcaption>"));
  CHECK(test::contains(text, base64(os::read_file(folder / "pattern.png"))));
}

TEST_CASE("report page: a run that has done nothing yet") {
  ReportContent page;
  page.options = default_options("vae");
  CHECK(test::markup_fault(report_page(page)) == "");
}

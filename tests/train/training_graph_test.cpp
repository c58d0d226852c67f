#include "train/training_graph.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace tuff;

TEST_CASE("training graph: losses of images by name, others are refused") {
  Graph graph;
  const Value image = graph.input("image", {1, 1, 4, 4}), truth = graph.input("truth", {1, 1, 4, 4});
  for (const char* name : {"mse", "l1", "huber"}) {
    CAPTURE(name);
    CHECK(image_loss(image, truth, name).shape().elements() == 1);
  }
  CHECK_THROWS_WITH_AS(image_loss(image, truth, "dice"), "loss: \"dice\" is none of mse, l1, huber", Error);
}

TEST_CASE("training graph: only training with dropout draws, all of it from one input") {
  Graph graph;
  CHECK(!dropout_state(graph, false, 0.5f));
  CHECK(!dropout_state(graph, true, 0));
  CHECK(!has_random_state(graph));
  CHECK(dropout_state(graph, true, 0.5f));
  CHECK(dropout_state(graph, true, 0.1f));
  CHECK(has_random_state(graph));
  CHECK(graph.inputs().size() == 1);
}

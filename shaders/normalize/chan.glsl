// Moments of two sets of values combined (Chan, Golub and LeVeque 1983).
struct Moments {
  float mean;
  float squares;  // sum of squared deviations
  float count;
};

Moments combine(Moments a, Moments b) {
  float count = a.count + b.count;
  if (b.count == 0.0) return a;
  float apart = b.mean - a.mean;
  float share = b.count / count;
  return Moments(a.mean + apart * share, a.squares + b.squares + apart * apart * (a.count * share), count);
}

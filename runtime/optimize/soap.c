/* SPDX-License-Identifier: MIT
 *
 * A basis is renewed by one step of orthogonal iteration, Q <- orthonormal(S Q), which follows the
 * eigenvectors of a slowly changing S and keeps their order, so that the squares of the gradient stay those
 * of their directions. Everything between reading and writing the weights is in double. */
#include "optimize/soap.h"

#include "ground/parallel.h"
#include "kernels/bundle.h"
#include "numbers/dense.h"
#include "numbers/rows.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double KEEP = 0.95; /* of the running means of G G^T and G^T G */
enum { FIRST_TURNS = 10 };       /* iterations that find the first basis */

/* Fewer products a step are done sooner than another thread has begun. */
static const int64_t SHARED_PRODUCTS = 400000;

struct side {      /* of a layer's matrix */
    int64_t n;     /* 0: not turned */
    double *mean;  /* [n][n], of G G^T or G^T G */
    double *rows;  /* [n][n], the basis as rows: Q^T */
    double *basis; /* [n][n], Q */
};

struct work { /* within a step; [rows][columns] */
    double *gradient, *turned, *between, *mean, *square, *theta;
    double *product; /* [n][n] of the longer side that is turned */
};

struct layer { /* elements of theta: rows x columns - 1 from `weight`, a last column from `bias` */
    const struct gpfc_parameter *weight, *bias; /* bias: NULL where there is none */
    int64_t rows, columns;
    struct side left, right;
    struct work work; /* each its own: threads take layers */
};

struct soap {
    struct layer *layers;
    int64_t n_layers;
    int64_t products; /* of a step, about */
    double *room;     /* all matrices */
    size_t room_elements;
};

/* ---- making -------------------------------------------------------------------------------------------- */

static bool is_bias_of(const struct gpfc_parameter *weight, const struct gpfc_parameter *next)
{
    return weight->rank == 2 && next->rank == 1 && next->shape[0] == weight->shape[0] &&
           next->offset == weight->offset + weight->shape[0] * weight->shape[1];
}

static int64_t turned_side(int64_t n, int64_t other)
{
    return n > 1 && other > 1 && n <= SOAP_LARGEST_SIDE ? n : 0;
}

static void find_layers(struct soap *soap, const struct gpfc_bundle *bundle)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *weight = &bundle->parameters[i];
        const bool biased = i + 1 < bundle->n_parameters && is_bias_of(weight, weight + 1);
        const int64_t rows = weight->shape[0], columns = (weight->rank == 2 ? weight->shape[1] : 1) + biased;
        struct layer *layer = &soap->layers[soap->n_layers++];
        *layer = (struct layer){.weight = weight,
                                .bias = biased ? weight + 1 : NULL,
                                .rows = rows,
                                .columns = columns,
                                .left.n = turned_side(rows, columns),
                                .right.n = turned_side(columns, rows)};
        soap->products += 3 * rows * columns * (layer->left.n + layer->right.n);
        i += biased;
    }
}

/* The next n elements of *room, or, where there is no room yet, only their count. */
static void cut(struct soap *soap, double **part, int64_t n)
{
    if (soap->room)
        *part = soap->room + soap->room_elements;
    soap->room_elements += (size_t)n;
}

static void cut_side(struct soap *soap, struct side *side)
{
    cut(soap, &side->mean, side->n * side->n);
    cut(soap, &side->rows, side->n * side->n);
    cut(soap, &side->basis, side->n * side->n);
}

static void cut_work(struct soap *soap, struct layer *layer)
{
    struct work *work = &layer->work;
    double **const parts[] = {&work->gradient, &work->turned, &work->between,
                              &work->mean,     &work->square, &work->theta};
    const int64_t longer = layer->left.n > layer->right.n ? layer->left.n : layer->right.n;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        cut(soap, parts[i], layer->rows * layer->columns);
    cut(soap, &work->product, longer * longer);
}

static void cut_all(struct soap *soap)
{
    soap->room_elements = 0;
    for (int64_t i = 0; i < soap->n_layers; i++) {
        cut_side(soap, &soap->layers[i].left);
        cut_side(soap, &soap->layers[i].right);
        cut_work(soap, &soap->layers[i]);
    }
}

static void start_side(struct side *side)
{
    for (int64_t i = 0; i < side->n; i++)
        side->rows[i * side->n + i] = side->basis[i * side->n + i] = 1;
}

bool soap_new(struct soap **out, const struct gpfc_bundle *bundle, struct fault *fault)
{
    struct soap *soap = calloc(1, sizeof *soap);
    *out = soap;
    if (!soap || !(soap->layers = calloc((size_t)bundle->n_parameters + 1, sizeof *soap->layers)))
        return fault_memory(fault, sizeof *soap, "the optimizer");
    find_layers(soap, bundle);
    cut_all(soap);
    const size_t elements = soap->room_elements;
    if (!(soap->room = calloc(elements, sizeof *soap->room)))
        return fault_memory(fault, elements * sizeof *soap->room, "the optimizer");
    cut_all(soap);
    for (int64_t i = 0; i < soap->n_layers; i++) {
        start_side(&soap->layers[i].left);
        start_side(&soap->layers[i].right);
    }
    return true;
}

void soap_free(struct soap *soap)
{
    if (!soap)
        return;
    free(soap->room);
    free(soap->layers);
    free(soap);
}

/* ---- weights to matrices ------------------------------------------------------------------------------- */

/* A row of a layer's matrix: one of its weight's, and an element of its bias, all of them in theta. */
static void take(const struct layer *layer, const void *array, int64_t precision, double *to)
{
    const int64_t inner = layer->columns - (layer->bias != NULL);
    const char *from = (const char *)array + layer->weight->offset * precision;
    for (int64_t i = 0; i < layer->rows; i++, from += inner * precision, to += layer->columns) {
        rows_to_double(from, inner, precision, to);
        if (layer->bias)
            to[inner] = rows_number(array, layer->bias->offset + i, precision);
    }
}

static void put(const struct layer *layer, const double *from, int64_t precision, void *array)
{
    const int64_t inner = layer->columns - (layer->bias != NULL);
    char *to = (char *)array + layer->weight->offset * precision;
    for (int64_t i = 0; i < layer->rows; i++, from += layer->columns, to += inner * precision) {
        rows_from_double(from, inner, precision, to);
        if (layer->bias)
            rows_put(from[inner], array, layer->bias->offset + i, precision);
    }
}

/* ---- turning ------------------------------------------------------------------------------------------- */

/* matrix <- left matrix right; NULL: the identity. */
static void both_sides(const struct layer *layer, const struct work *work, const double *left,
                       const double *right, double *matrix)
{
    const int64_t rows = layer->rows, columns = layer->columns;
    const size_t bytes = (size_t)(rows * columns) * sizeof *matrix;
    if (left) {
        dense_multiply(rows, rows, columns, left, matrix, work->between);
        memcpy(matrix, work->between, bytes);
    }
    if (right) {
        dense_multiply(rows, columns, columns, matrix, right, work->between);
        memcpy(matrix, work->between, bytes);
    }
}

static void turn(const struct layer *layer, const struct work *work, double *matrix)
{
    both_sides(layer, work, layer->left.n > 0 ? layer->left.rows : NULL,
               layer->right.n > 0 ? layer->right.basis : NULL, matrix);
}

static void turn_back(const struct layer *layer, const struct work *work, double *matrix)
{
    both_sides(layer, work, layer->left.n > 0 ? layer->left.basis : NULL,
               layer->right.n > 0 ? layer->right.rows : NULL, matrix);
}

/* mean <- KEEP mean + (1 - KEEP) a[n][inner] b[inner][n] */
static void learn(const struct side *side, const struct work *work, int64_t inner, const double *a,
                  const double *b)
{
    if (side->n == 0)
        return;
    dense_multiply(side->n, inner, side->n, a, b, work->product);
#pragma omp simd
    for (int64_t i = 0; i < side->n * side->n; i++)
        side->mean[i] = KEEP * side->mean[i] + (1 - KEEP) * work->product[i];
}

static void renew(const struct side *side, const struct work *work, int turns)
{
    for (int i = 0; i < turns && side->n > 0; i++) {
        dense_multiply(side->n, side->n, side->n, side->rows, side->mean, work->product); /* (S Q)^T */
        dense_orthonormal(side->n, work->product, side->rows);
        dense_transpose(side->n, side->n, side->rows, side->basis);
    }
}

/* ---- a step -------------------------------------------------------------------------------------------- */

struct step { /* the same for every layer */
    const struct soap *soap;
    const struct adam *adam;
    const struct adam_arrays *arrays;
    double scale, rate, root; /* of a gradient that is clipped; with the mean's and the square's correction */
    int64_t number;
    atomic_bool bad; /* something that was written is not finite */
};

static void read_layer(const struct layer *layer, const struct work *work, const struct step *step)
{
    const struct adam_arrays *arrays = step->arrays;
    take(layer, arrays->theta, arrays->precision, work->theta);
    take(layer, arrays->gradient, arrays->precision, work->gradient);
    take(layer, arrays->mean, arrays->precision, work->mean);
    take(layer, arrays->square, arrays->precision, work->square);
#pragma omp simd
    for (int64_t i = 0; i < layer->rows * layer->columns; i++)
        work->gradient[i] = step->scale * work->gradient[i] + step->adam->weight_decay * work->theta[i];
}

/* What the gradient says of the sides, and, now and then, the basis by that. */
static void turn_basis(const struct layer *layer, const struct work *work, int64_t number)
{
    dense_transpose(layer->rows, layer->columns, work->gradient, work->turned);
    learn(&layer->left, work, layer->columns, work->gradient, work->turned);
    learn(&layer->right, work, layer->rows, work->turned, work->gradient);
    if ((number - 1) % SOAP_TURN_STEPS != 0)
        return;
    const int turns = number == 1 ? FIRST_TURNS : 1;
    turn_back(layer, work, work->mean);
    renew(&layer->left, work, turns);
    renew(&layer->right, work, turns);
    turn(layer, work, work->mean);
}

/* work->turned: what the weights lose. */
static void adam_in_basis(const struct layer *layer, const struct work *work, const struct step *step)
{
    const struct adam *adam = step->adam;
#pragma omp simd
    for (int64_t i = 0; i < layer->rows * layer->columns; i++) {
        const double g = work->gradient[i];
        work->mean[i] = adam->beta1 * work->mean[i] + (1 - adam->beta1) * g;
        work->square[i] = adam->beta2 * work->square[i] + (1 - adam->beta2) * g * g;
        work->turned[i] = step->rate * work->mean[i] / (sqrt(work->square[i]) / step->root + adam->epsilon);
    }
}

/* Is all that is written finite? */
static bool write_layer(const struct layer *layer, const struct work *work, const struct step *step)
{
    const struct adam_arrays *arrays = step->arrays;
    const double largest = is_single(arrays->precision) ? (double)FLT_MAX : DBL_MAX;
    bool good = true;
#pragma omp simd reduction(&& : good)
    for (int64_t i = 0; i < layer->rows * layer->columns; i++) {
        work->theta[i] -= work->turned[i];
        good = good && fabs(work->theta[i]) <= largest && fabs(work->mean[i]) <= largest &&
               work->square[i] <= largest;
    }
    put(layer, work->theta, arrays->precision, arrays->theta);
    put(layer, work->mean, arrays->precision, arrays->mean);
    put(layer, work->square, arrays->precision, arrays->square);
    return good;
}

static void step_layer(void *data, int64_t part, int thread)
{
    struct step *step = data;
    const struct layer *layer = &step->soap->layers[part];
    const struct work *work = &layer->work;
    (void)thread;
    read_layer(layer, work, step);
    turn_basis(layer, work, step->number);
    turn(layer, work, work->gradient);
    adam_in_basis(layer, work, step);
    turn_back(layer, work, work->turned);
    if (!write_layer(layer, work, step))
        atomic_store(&step->bad, true);
}

bool soap_step(struct soap *soap, const struct adam *adam, const struct adam_arrays *arrays, int64_t number,
               double rate, double norm)
{
    struct step step = {
        .soap = soap,
        .adam = adam,
        .arrays = arrays,
        .scale = adam->clip > 0 && norm > adam->clip ? adam->clip / (norm + 1e-6) : 1,
        .rate = rate / (1 - pow(adam->beta1, (double)number)),
        .root = sqrt(1 - pow(adam->beta2, (double)number)),
        .number = number,
    };
    if (soap->products >= SHARED_PRODUCTS)
        parallel_for(arrays->threads, soap->n_layers, step_layer, &step);
    else
        for (int64_t i = 0; i < soap->n_layers; i++)
            step_layer(&step, i, 0);
    return !atomic_load(&step.bad);
}

/* ---- checkpoints --------------------------------------------------------------------------------------- */

enum { TENSORS_EACH = 4 };

/* Number k of a layer's tensors; rank 0: its side is not turned. */
static struct tensor tensor_at(const struct layer *layer, int k, char *name, size_t room)
{
    static const char *const what[TENSORS_EACH] = {"left_mean", "left_basis", "right_mean", "right_basis"};
    const struct side *side = k < 2 ? &layer->left : &layer->right;
    if (side->n == 0)
        return (struct tensor){0};
    (void)snprintf(name, room, "soap.%s.%s", what[k], layer->weight->name);
    return tensor_of(name, sizeof(double), 2, side->n, side->n, k % 2 == 0 ? side->mean : side->rows);
}

void soap_list(const struct soap *soap, struct tensor_list *list)
{
    char name[256];
    for (int64_t i = 0; i < soap->n_layers; i++)
        for (int k = 0; k < TENSORS_EACH; k++) {
            const struct tensor tensor = tensor_at(&soap->layers[i], k, name, sizeof name);
            if (tensor.rank > 0)
                tensor_list_add_tensor(list, &tensor);
        }
}

static bool take_side(struct layer *layer, int k, const struct safetensors *file, struct fault *fault)
{
    char name[256];
    const struct tensor tensor = tensor_at(layer, k, name, sizeof name);
    const struct side *side = k < 2 ? &layer->left : &layer->right;
    return tensor.rank == 0 || safetensors_take(file, name, sizeof(double), 2, tensor.shape,
                                                k % 2 == 0 ? side->mean : side->rows, fault);
}

static bool side_finite(const struct side *side)
{
    double bad = 0;
    for (int64_t i = 0; i < side->n * side->n; i++)
        bad += (side->mean[i] - side->mean[i]) + (side->rows[i] - side->rows[i]);
    return !isnan(bad);
}

bool soap_take(struct soap *soap, const struct safetensors *file, struct fault *fault)
{
    for (int64_t i = 0; i < soap->n_layers; i++) {
        struct layer *layer = &soap->layers[i];
        struct side *const sides[] = {&layer->left, &layer->right};
        for (int k = 0; k < TENSORS_EACH; k++)
            if (!take_side(layer, k, file, fault))
                return false;
        for (int k = 0; k < 2; k++) {
            if (!side_finite(sides[k]))
                return fault_set(fault, FAULT_INPUT, "the optimizer's basis of %s is not finite",
                                 layer->weight->name);
            dense_transpose(sides[k]->n, sides[k]->n, sides[k]->rows, sides[k]->basis);
        }
    }
    return true;
}

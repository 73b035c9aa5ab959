/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/record_output.h"

int record_output_begin(struct record_output *output, const char *path, uint64_t most,
			const struct reblock_source *source)
{
	*output = (struct record_output){ 0 };
	return most ? reblock_trace_set_create(path, most, source, &output->set) :
		      reblock_trace_create(path, source, &output->file);
}

int record_output_write(void *context, const struct reblock_record *records, size_t n)
{
	struct record_output *output = context;

	return output->set ? reblock_trace_set_write(output->set, records, n) :
			     reblock_trace_write(output->file, records, n);
}

int record_output_flush(struct record_output *output)
{
	return output->set ? reblock_trace_set_flush(output->set) :
			     reblock_trace_flush(output->file);
}

int record_output_pt_setup(struct record_output *output, const struct reblock_pt_setup *setup)
{
	return output->set ? reblock_trace_set_write_pt_setup(output->set, setup) :
			     reblock_trace_write_pt_setup(output->file, setup);
}

int record_output_pt_compress(struct record_output *output)
{
	return output->set ? reblock_trace_set_compress_pt(output->set) :
			     reblock_trace_compress_pt(output->file);
}

int record_output_pt(struct record_output *output, const struct reblock_pt_piece *piece)
{
	return output->set ? reblock_trace_set_write_pt(output->set, piece) :
			     reblock_trace_write_pt(output->file, piece);
}

int record_output_pt_clock(struct record_output *output, const struct reblock_pt_point *point)
{
	return output->set ? reblock_trace_set_write_pt_clock(output->set, point, 1) :
			     reblock_trace_write_pt_clock(output->file, point, 1);
}

int record_output_end(struct record_output *output)
{
	int err = output->set ? reblock_trace_set_close(output->set) :
				reblock_trace_close(output->file);

	*output = (struct record_output){ 0 };
	return err;
}

uint64_t record_output_written(const struct record_output *output)
{
	return output->set ? reblock_trace_set_written(output->set) :
			     reblock_trace_written(output->file);
}

uint64_t record_output_removed(const struct record_output *output)
{
	return output->set ? reblock_trace_set_removed(output->set) : 0;
}

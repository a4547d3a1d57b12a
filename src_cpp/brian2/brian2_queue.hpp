// Brian2's queue of spikes, as generated code reaches it: by functions, so that none of it has to be compiled with each
// model.
//
// This is how Brian2 2.11 lays its queue out in memory. Where Brian2's header is another one, that is compiled in place
// of this (direct/queues.py).
#pragma once

#include <algorithm>
#include <vector>

#include "code_object.hpp"

namespace cppdynarray::brian2 {

struct QueueLayout {
    std::vector<std::vector<std::int32_t>> bins;  // a ring: synapses, by the step in which their spikes arrive
    double dt;
    int now;  // the bin of this step
    bool one_delay;
    int* delays;  // in steps: of each synapse, or one for all
    std::int32_t first, end;  // the neurons whose spikes are meant
    int padding;  // 0 where there is one thread
    std::vector<std::vector<int>> leave;  // the synapses of each of these neurons
};

inline void push_spikes(void* queue, const std::int32_t* spikes, std::int32_t count) {
    auto& of = *static_cast<QueueLayout*>(queue);
    const auto* const stop = std::lower_bound(spikes, spikes + count, of.end);
    const std::size_t size = of.bins.size(), now = static_cast<std::size_t>(of.now);
    for (const auto* spike = std::lower_bound(spikes, stop, of.first); spike != stop; ++spike) {
        const auto& synapses = of.leave[static_cast<std::size_t>(*spike - of.first)];
        if (of.one_delay) {
            if (synapses.empty()) continue;
            auto& bin = of.bins[(now + static_cast<std::size_t>(of.delays[0])) % size];
            bin.insert(bin.end(), synapses.begin(), synapses.end());
        } else {
            for (const int synapse : synapses) {
                std::size_t at = now + static_cast<std::size_t>(of.delays[synapse]);
                if (at >= size) at %= size;
                of.bins[at].push_back(synapse);
            }
        }
    }
}

inline const std::int32_t* due_synapses(void* queue, std::int64_t* count) {
    const auto& of = *static_cast<QueueLayout*>(queue);
    const auto& bin = of.bins[static_cast<std::size_t>(of.now)];
    *count = static_cast<std::int64_t>(bin.size());
    return bin.data();
}

inline void advance_queue(void* queue) {
    auto& of = *static_cast<QueueLayout*>(queue);
    of.bins[static_cast<std::size_t>(of.now)].clear();
    of.now = static_cast<std::size_t>(of.now) + 1 == of.bins.size() ? 0 : of.now + 1;
}

}  // namespace cppdynarray::brian2
